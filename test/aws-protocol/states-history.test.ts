/**
 * GetExecutionHistory returns the upstream's events for every recorded history, even after the history is archived and
 * the upstream is gone.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { HistoryEvent } from '../../src/sources/step-functions/step-functions-mapping.ts';
import { type ServiceUnderTest, openService, path } from '../http/service-under-test.ts';
import { readRecordedHistories } from '../step-functions/recorded-histories.ts';
import { arnOf } from '../step-functions/source-under-test.ts';
import {
  callStates,
  readHistory,
  scriptEvents,
  statesAnswer,
  untilArchived,
  withoutData,
} from './states-call.ts';

const histories = readRecordedHistories().map(({ events }, index) => ({
  arn: arnOf(`run-${index}`),
  events,
}));

let service: ServiceUnderTest;
let key: string;

beforeAll(async () => {
  service = await openService();
  key = await service.key();
});

const VIEWS = [false, true].flatMap((reverseOrder) =>
  [true, false].map((includeExecutionData) => ({ reverseOrder, includeExecutionData })),
);

async function expectHistory(arn: string, events: readonly HistoryEvent[], maxResults: number) {
  for (const view of VIEWS) {
    const read = await readHistory(service, key, { executionArn: arn, maxResults, ...view });
    const inOrder = view.reverseOrder ? events.toReversed() : events;
    expect(read.events).toEqual(view.includeExecutionData ? inOrder : withoutData(inOrder));
    const asked = maxResults === 0 ? 100 : maxResults;
    expect(read.pages).toBe(Math.max(1, Math.ceil(events.length / asked)));
  }
}

describe('every recorded history', () => {
  it('is read completely: live, archived, and after the upstream is gone', async () => {
    for (const { arn, events } of histories) {
      await scriptEvents(service, arn, events);
      await expectHistory(arn, events, 0);
      await service.clock.advance(500);
    }
    for (const { arn, events } of histories) {
      await untilArchived(service, arn);
      await expectHistory(arn, events, 1_000);
    }
    service.restart();
    service.stopUpstream();
    const calls = service.calls();
    for (const { arn, events } of histories) await expectHistory(arn, events, 7);
    expect(service.calls()).toBe(calls);
  });
});

describe('a long history', () => {
  const events = Array.from({ length: 1_234 }, (_, index) => ({
    id: index + 1,
    previousEventId: index,
    timestamp: 1_764_547_200 + index,
    type: index === 0 ? 'ExecutionStarted' : index === 1_233 ? 'ExecutionSucceeded' : 'PassStateEntered',
    ...(index === 0 && { executionStartedEventDetails: { input: '{}', inputDetails: { truncated: false } } }),
    ...(index === 1_233 && {
      executionSucceededEventDetails: { output: '1', outputDetails: { truncated: true } },
    }),
    ...(index > 0 && index < 1_233 && { stateEnteredEventDetails: { name: `State ${index}` } }),
  }));

  it.each([37, 99, 100, 101, 250, 999, 1_000])(
    'is read in pages of %i, live and archived',
    async (maxResults) => {
      service = await openService();
      key = await service.key();
      const arn = arnOf('long');
      await scriptEvents(service, arn, events);
      await expectHistory(arn, events, maxResults);
      await untilArchived(service, arn);
      await expectHistory(arn, events, maxResults);
    },
  );

  it('has tokens that stay valid after a restart, after archiving, and for other page sizes', async () => {
    service = await openService();
    key = await service.key();
    const executionArn = arnOf('long');
    await scriptEvents(service, executionArn, events);
    for (const reverseOrder of [false, true]) {
      const view = { executionArn, reverseOrder };
      const first = await statesAnswer(service, 'GetExecutionHistory', {
        key,
        input: { ...view, maxResults: 10 },
      });
      service.restart();
      await untilArchived(service, executionArn);
      const { nextToken } = first;
      expect(String(nextToken).length).toBeLessThanOrEqual(1_024);
      const second = await statesAnswer(service, 'GetExecutionHistory', {
        key,
        input: { ...view, maxResults: 3, nextToken },
      });
      const ids = second['events'] as { id: number }[];
      expect(ids.map(({ id }) => id)).toEqual(reverseOrder ? [1_224, 1_223, 1_222] : [11, 12, 13]);
    }
  });

  it('is read backwards from its newest event by the first request, even if many upstream pages precede it', async () => {
    service = await openService();
    key = await service.key();
    const executionArn = arnOf('unread');
    const count = 9_000;
    const running = Array.from({ length: count }, (_, index) => ({
      type: index === 0 ? 'ExecutionStarted' : 'PassStateEntered',
    }));
    await scriptEvents(service, executionArn, running);
    const input = { executionArn, reverseOrder: true, maxResults: 2 };
    const asked = statesAnswer(service, 'GetExecutionHistory', { key, input });
    // Signing a call takes real time. With large steps, the service's time limits would be reached meanwhile.
    let isAnswered = false;
    void asked.finally(() => (isAnswered = true)).catch(() => undefined);
    while (!isAnswered) await service.clock.advance(10);
    expect(await asked).toMatchObject({ events: [{ id: count }, { id: count - 1 }] });
    const calls = service.calls();
    await service.clock.advance(2_000);
    expect(await statesAnswer(service, 'GetExecutionHistory', { key, input })).toMatchObject({
      events: [{ id: count }, { id: count - 1 }],
    });
    expect(service.calls() - calls).toBeLessThanOrEqual(2);
  });

  it('has tokens that are valid only for its execution, operation and direction', async () => {
    service = await openService();
    key = await service.key();
    const [executionArn, other] = [arnOf('long'), arnOf('other')];
    await scriptEvents(service, executionArn, events);
    await scriptEvents(service, other, events);
    const read = (input: object) =>
      callStates(service, 'GetExecutionHistory', { key, input: { executionArn, maxResults: 10, ...input } });
    const { nextToken } = (await read({})).body;
    const { nextToken: reversed } = (await read({ reverseOrder: true })).body;
    const page = await (await service.get(path(executionArn, 'maxResults=10'))).json();
    for (const input of [
      { nextToken, reverseOrder: true },
      { nextToken: reversed },
      { nextToken, executionArn: other },
      { nextToken: Object(page).nextToken },
      { nextToken: `${String(nextToken).slice(0, -1)}!` },
      { nextToken: 'x'.repeat(1_024) },
    ]) {
      expect(await read(input)).toMatchObject({ status: 400, body: { __type: 'InvalidToken' } });
    }
    expect(await read({ nextToken })).toMatchObject({ status: 200 });
  });
});
