/**
 * DescribeExecution answers as the upstream does, even after the execution is archived and the upstream is gone. Keys
 * without payloads get fewer members.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { type ServiceUnderTest, openService, path } from '../http/service-under-test.ts';
import { readRecordedHistories } from '../step-functions/recorded-histories.ts';
import { arnOf } from '../step-functions/source-under-test.ts';
import { askUpstream, callStates, scriptEvents, statesAnswer, untilArchived } from './states-call.ts';

let service: ServiceUnderTest;
let key: string;
beforeEach(async () => {
  service = await openService();
  key = await service.key();
});

const describeAs = (apiKey: string, input: object) =>
  statesAnswer(service, 'DescribeExecution', { key: apiKey, input });

const DAY_SECONDS = 86_400;
const DATA = { input: '{"order":4711}', inputDetails: { truncated: false } };

/** The events of a failed execution. By default it ended a day ago, so it can still be redriven. */
const failed = (endedAt = service.clock.now() / 1_000 - DAY_SECONDS) => [
  {
    type: 'ExecutionStarted',
    timestamp: endedAt - 1,
    executionStartedEventDetails: { ...DATA, roleArn: 'arn:aws:iam::123456789012:role/r' },
  },
  {
    type: 'ExecutionFailed',
    timestamp: endedAt,
    executionFailedEventDetails: { error: 'Too.Bad', cause: 'it was 4711' },
  },
];

it("the description of every recorded history equals the upstream's: live, archived, and without the upstream", async () => {
  const histories = readRecordedHistories().map(({ events }, index) => ({
    arn: arnOf(`run-${index}`),
    events,
  }));
  const inputsFor = (executionArn: string) =>
    [undefined, 'ALL_DATA', 'METADATA_ONLY'].map((includedData) => ({
      executionArn,
      ...(includedData !== undefined && { includedData }),
    }));
  const expected = new Map<string, object[]>();
  const expectAll = async (arn: string) =>
    expect(await Promise.all(inputsFor(arn).map((input) => describeAs(key, input)))).toEqual(
      expected.get(arn),
    );
  for (const { arn, events } of histories) {
    await scriptEvents(service, arn, events);
    const answers = inputsFor(arn).map((input) => askUpstream(service, 'DescribeExecution', input));
    expected.set(arn, await Promise.all(answers));
    await expectAll(arn);
    await service.clock.advance(300);
  }
  expect(expected.get(histories[0]?.arn ?? '')).toMatchObject([{ inputDetails: { included: true } }, {}, {}]);
  for (const { arn } of histories) {
    await untilArchived(service, arn);
    await expectAll(arn);
  }
  service.restart();
  service.stopUpstream();
  for (const { arn } of histories) await expectAll(arn);
});

describe('a description for a key without the level "full"', () => {
  it.each([
    ['names', { error: 'Too.Bad' }],
    ['none', {}],
  ] as const)('has neither input nor cause at the level %s, live and archived', async (payloads, more) => {
    const arn = arnOf('failed');
    await scriptEvents(service, arn, failed());
    const expected = await askUpstream(service, 'DescribeExecution', {
      executionArn: arn,
      includedData: 'METADATA_ONLY',
    });
    const { error: _error, cause: _cause, ...metadata } = expected;
    const shy = await service.key({ payloads });
    for (const withLive of [true, false]) {
      if (!withLive) await untilArchived(service, arn);
      const answer = await describeAs(shy, { executionArn: arn, includedData: 'ALL_DATA' });
      expect(answer).toEqual({ ...metadata, ...more });
      expect(JSON.stringify(answer)).not.toContain('4711');
    }
  });

  it('hides data that stands in place of an error name', async () => {
    const arn = arnOf('failed');
    const [started, end] = failed();
    const details = { error: '{"card": 4711}', cause: 'x' };
    await scriptEvents(service, arn, [{ ...started }, { ...end, executionFailedEventDetails: details }]);
    const shy = await service.key({ payloads: 'names' });
    expect(JSON.stringify(await describeAs(shy, { executionArn: arn }))).not.toContain('4711');
    expect(await describeAs(key, { executionArn: arn })).toMatchObject(details);
  });
});

describe('the upstream', () => {
  it('is called once a second, however many clients poll, with or without data and payloads', async () => {
    const executionArn = arnOf('running');
    await scriptEvents(service, executionArn, [
      { type: 'ExecutionStarted', executionStartedEventDetails: DATA },
    ]);
    const keys = [key, await service.key({ payloads: 'none' }), await service.key({ payloads: 'names' })];
    const before = service.calls();
    const seconds = 20;
    for (let tenth = 0; tenth < seconds * 10; tenth++) {
      const answers = keys.map((apiKey, index) =>
        describeAs(apiKey, {
          executionArn,
          ...((tenth + index) % 2 === 0 && { includedData: 'METADATA_ONLY' }),
        }),
      );
      expect((await Promise.all(answers)).every(({ status }) => status === 'RUNNING')).toBe(true);
      await service.clock.advance(100);
    }
    expect(service.calls() - before).toBeLessThanOrEqual(seconds + 2);
  });

  it('is still asked for metadata if it refuses to return data', async () => {
    const executionArn = arnOf('encrypted');
    const upstream = async (request: Request) => {
      const { includedData } = Object(await request.json());
      return includedData === 'METADATA_ONLY'
        ? Response.json({ executionArn, status: 'RUNNING', name: 'encrypted', startDate: 1_764_547_200 })
        : Response.json(
            { __type: 'KmsAccessDeniedException', message: 'arn:aws:kms:secret' },
            { status: 400 },
          );
    };
    service = await openService({}, { upstream });
    key = await service.key();
    const [data, metadata] = await Promise.all(
      ['ALL_DATA', 'METADATA_ONLY'].map((includedData) =>
        callStates(service, 'DescribeExecution', { key, input: { executionArn, includedData } }),
      ),
    );
    expect(data).toMatchObject({ status: 400, body: { __type: 'KmsAccessDeniedException' } });
    expect(JSON.stringify(data?.body)).not.toContain('secret');
    expect(metadata).toMatchObject({ status: 200, body: { status: 'RUNNING' } });
  });
});

it('an archived execution is no longer redrivable after 14 days, as in AWS', async () => {
  const arn = arnOf('failed');
  await scriptEvents(service, arn, failed());
  await untilArchived(service, arn);
  const asked = { executionArn: arn };
  expect(await describeAs(key, asked)).toMatchObject({ redriveStatus: 'REDRIVABLE' });
  await service.clock.advance(14 * DAY_SECONDS * 1_000);
  const expected = await askUpstream(service, 'DescribeExecution', asked);
  expect(expected).toMatchObject({ redriveStatus: 'NOT_REDRIVABLE' });
  service.stopUpstream();
  expect(await describeAs(key, asked)).toEqual(expected);
});

it('an imported history is described from its first and last events', async () => {
  const executionArn = arnOf('imported').replace('StateMachine:', 'StateMachine/Label:');
  const start = service.clock.now() / 1_000 - 90 * DAY_SECONDS;
  const messages = failed(start).map(({ timestamp, ...event }, index) => {
    const [details] = Object.values(event).filter((value) => typeof value === 'object');
    const payload = { type: event.type, id: index + 1, previousEventId: index, ...details };
    return {
      messageId: String(index + 1),
      eventType: index === 0 ? 'EXECUTION_STARTED' : 'EXECUTION_FAILED',
      timestamp,
      payload: JSON.stringify(payload),
    };
  });
  const put = await service.admin('PUT', `/executions/${encodeURIComponent(executionArn)}/messages`, {
    messages,
  });
  expect(put.status).toBeLessThan(300);
  expect(await describeAs(key, { executionArn })).toEqual({
    executionArn,
    stateMachineArn: 'arn:aws:states:us-west-2:123456789012:stateMachine:StateMachine/Label',
    name: 'imported',
    status: 'FAILED',
    startDate: start - 1,
    stopDate: start,
    input: DATA.input,
    inputDetails: { included: true },
    error: 'Too.Bad',
    cause: 'it was 4711',
  });
  const events = await statesAnswer(service, 'GetExecutionHistory', { key, input: { executionArn } });
  expect(events).toEqual({
    events: failed(start).map((event, index) => ({ ...event, id: index + 1, previousEventId: index })),
  });
  expect((await service.get(path(executionArn))).status).toBe(200);
});
