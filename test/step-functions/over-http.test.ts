/**
 * Executions of Step Functions over a socket: pages, streams and summaries of the Worker, and AWS's protocol.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { NewKey } from '../../src/access/keys/key-input.ts';
import type { WireEvent } from '../../src/emulator/history.ts';
import { scenarioArn, scenarioEvents } from '../../src/emulator/scenarios/step-functions-catalog.ts';
import {
  STATE_MACHINES,
  type StateMachineName,
} from '../../src/emulator/scenarios/step-functions-machines.ts';
import { isoFromEpochSeconds } from '../../src/messages/timestamp.ts';
import { TARGET, awsPageOf, exceptionOf } from '../aws-protocol/aws-call.ts';
import type { PageJson, ProblemJson } from '../http/service-under-test.ts';
import { eventually } from '../support/eventually.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { SseFollower } from '../support/sse-follower.ts';
import { rebuildEvent, withoutEmptyDetails } from './rebuild-event.ts';
import { UUID } from './source-under-test.ts';

type Message = PageJson['messages'][number];

const HOUR_MS = 3_600_000;
const ARNS = 'arn:aws:states:us-west-2:123456789012';

let world: World;
let key: string;

beforeAll(async () => {
  world = await openWorld();
  key = await world.key();
});

afterAll(() => world.close());

const anHourAgo = (machine: StateMachineName) => scenarioArn(machine, Date.now() - HOUR_MS, UUID);

const eventsOf = (arn: string): WireEvent[] => {
  const view = scenarioEvents(arn)?.at(Date.now());
  return Array.from({ length: view?.count ?? 0 }, (_, position) => {
    const event = view?.message(position);
    if (!event) throw new RangeError(`no event at ${position}`);
    return event;
  });
};

/** Rebuilds each event from its message, and expects the original events, apart from empty details. */
const expectEvents = (messages: readonly Message[], events: readonly WireEvent[]) => {
  const rebuilt = messages.map(rebuildEvent);
  const withMilliseconds = (event: WireEvent) => ({
    ...event,
    timestamp: Date.parse(isoFromEpochSeconds(event.timestamp) ?? '') / 1000,
  });
  expect(rebuilt).toEqual(events.map((event) => withMilliseconds(withoutEmptyDetails(event) as WireEvent)));
};

const OF_MODEL = ['messageId', 'eventType', 'timestamp', 'payload'] as const;
const inTheModel = (message: Message) => Object.fromEntries(OF_MODEL.map((name) => [name, message[name]]));
const get = (path: string, apiKey = key) =>
  fetch(new URL(path, world.url), { headers: { 'X-API-Key': apiKey } });
const summaryOf = async (arn: string) =>
  (await get(`/v1/executions/${encodeURIComponent(arn)}`)).json() as Promise<Record<string, unknown>>;

const callAws = (input: object, apiKey = key) =>
  fetch(world.url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': TARGET,
      'X-Amz-Security-Token': apiKey,
    },
    body: JSON.stringify(input),
  });

async function pagesOf(arn: string, maxResults: number): Promise<Message[]> {
  const messages: Message[] = [];
  let next = '';
  do {
    const response = await get(
      `/v1/executions/${arn}/messages?maxResults=${maxResults}${next && `&nextToken=${next}`}`,
    );
    const page = (await response.json()) as PageJson;
    messages.push(...page.messages);
    next = page.nextToken ?? '';
  } while (next !== '');
  return messages;
}

/**
 * Follows an execution until `isEnough` returns true. Returns the follower with everything that it received.
 */
async function follow(arn: string, isEnough: (follower: SseFollower) => boolean): Promise<SseFollower> {
  const follower = new SseFollower({ url: world.messagesUrl(arn), apiKey: key });
  await new Promise<void>((resolve, reject) => {
    follower.onEvent = () => isEnough(follower) && resolve();
    void follower.done.then(() => reject(new Error(`the stream ended early: ${follower.refused}`)));
  });
  await follower.stop().catch(() => undefined);
  return follower;
}

describe.each(STATE_MACHINES.map(({ name }) => name))('an execution of %s', (machine) => {
  test("has the same events in pages of any size, in a stream, and in AWS's protocol", async () => {
    const arn = anHourAgo(machine);
    const events = eventsOf(arn);
    const messages = await pagesOf(arn, 7);
    expectEvents(messages, events);
    expect(await pagesOf(arn, 250)).toEqual(messages);

    const stream = await follow(arn, ({ events: [...seen] }) => seen.at(-1)?.event === 'end');
    expect(stream.messages.map((data) => JSON.parse(data))).toEqual(messages);

    const viaAws = [];
    let nextToken: string | undefined;
    do {
      const input = { flowExecutionId: arn, maxResults: 250, ...(nextToken !== undefined && { nextToken }) };
      const page = await awsPageOf(callAws(input));
      viaAws.push(...page.messages);
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(
      viaAws.map(({ timestamp, ...rest }) => ({ ...rest, timestamp: isoFromEpochSeconds(timestamp ?? NaN) })),
    ).toEqual(messages.map(inTheModel));

    const end = events.at(-1);
    expect(await summaryOf(arn)).toMatchObject({
      flowExecutionId: arn,
      source: 'step-functions',
      upstreamStatus: end?.type === 'ExecutionSucceeded' ? 'SUCCEEDED' : 'FAILED',
      messageCount: events.length,
      startedAt: isoFromEpochSeconds(events[0]?.timestamp ?? NaN),
      endedAt: isoFromEpochSeconds(end?.timestamp ?? NaN),
    });
  });
});

test('a running execution is followed to its end, and its summary needs no history', async () => {
  const startMs = Date.now();
  const arn = scenarioArn('LambdaCalls', startMs, UUID);
  const running = await summaryOf(arn);
  expect(running).toMatchObject({ status: 'RUNNING', upstreamStatus: 'RUNNING', final: false });
  expect(running).not.toHaveProperty('messageCount');
  expect(running['startedAt']).toBe(new Date(startMs).toISOString());
  const { messages } = await follow(arn, (follower) =>
    (follower.messages.at(-1) ?? '').includes('EXECUTION_SUCCEEDED'),
  );
  expectEvents(
    messages.map((data) => JSON.parse(data)),
    eventsOf(arn),
  );
});

test('the summary of a failed execution has the step, error and cause of its failure', async () => {
  const arn = scenarioArn('Redriven', Date.now() - 20_000, UUID);
  const end = eventsOf(arn).at(-1) as WireEvent & { executionFailedEventDetails: object };
  expect(await summaryOf(arn)).toMatchObject({
    status: 'FAILED',
    upstreamStatus: 'FAILED',
    final: false,
    failure: { step: 'Start', eventType: 'ACTIVITY_FAILED', ...end.executionFailedEventDetails },
  });
  expect(await summaryOf(anHourAgo('FailingMap'))).toMatchObject({
    failure: { step: 'LambdaInvoke', eventType: 'ACTIVITY_FAILED', error: 'States.Timeout' },
  });
});

async function script(executionArn: string, events: readonly object[], append = false): Promise<void> {
  await world.control('/executions', { executionArn, events, append });
}

test('an execution that timed out has the status FAILED and the upstreamStatus TIMED_OUT', async () => {
  const arn = `${ARNS}:execution:Slow:${UUID}`;
  await script(arn, [
    { type: 'ExecutionStarted', executionStartedEventDetails: { input: '{}' } },
    { type: 'TaskStateEntered', stateEnteredEventDetails: { name: 'Wait', input: '{}' } },
    { type: 'ExecutionTimedOut', executionTimedOutEventDetails: { error: 'States.Timeout' } },
  ]);
  expect(await summaryOf(arn)).toMatchObject({
    status: 'FAILED',
    upstreamStatus: 'TIMED_OUT',
    failure: { error: 'States.Timeout' },
  });
});

test('a redriven execution continues after its archived end, even if workerd was killed before the redrive', async () => {
  const arn = `${ARNS}:execution:Again:${UUID}`;
  const at = (secondsAgo: number, ...types: string[]) =>
    types.map((type) => ({ type, timestamp: Math.floor(Date.now() / 1000) - secondsAgo }));
  await script(arn, at(60, 'ExecutionStarted', 'TaskStateEntered', 'TaskFailed', 'ExecutionFailed'));
  const first = await follow(arn, ({ events }) => events.at(-1)?.event === 'end');
  expect(first.messages).toHaveLength(4);
  await eventually(async () => expect((await world.activity(arn)).archived?.messageCount).toBe(4));
  await world.workerd.kill();
  await world.workerd.restart();
  await script(arn, at(30, 'ExecutionRedriven', 'TaskStateEntered', 'ExecutionSucceeded'), true);
  const resumed = await fetch(world.messagesUrl(arn), {
    headers: { 'X-API-Key': key, Accept: 'text/event-stream', 'Last-Event-ID': first.lastEventId },
  });
  expect(resumed.status).toBe(200);
  const text = await resumed.text();
  expect([...text.matchAll(/"messageId":"(\d+)"/g)].map(([, id]) => id)).toEqual(['5', '6', '7']);
  expect(text).toContain('event: end\ndata: {"status":"SUCCEEDED"}');
  expect(text).not.toContain('event: reset');
  expect((await pagesOf(arn, 2)).map(({ messageId }) => messageId)).toEqual([
    '1',
    '2',
    '3',
    '4',
    '5',
    '6',
    '7',
  ]);
  const endId = /^id: (.*)\nevent: end/m.exec(text)?.[1] ?? '';
  const over = await fetch(world.messagesUrl(arn), {
    headers: { 'X-API-Key': key, Accept: 'text/event-stream', 'Last-Event-ID': endId },
  });
  expect(over.status).toBe(204);
});

describe('a refusal without an upstream call', () => {
  async function refusals(arn: string) {
    const before = world.stats().calls + world.stats().refused.calls;
    const path = `/v1/executions/${encodeURIComponent(arn)}`;
    const problems = await Promise.all(
      [`${path}/messages`, path].map(async (each) => (await (await get(each)).json()) as ProblemJson),
    );
    const follower = new SseFollower({ url: world.messagesUrl(arn), apiKey: key });
    await follower.done;
    const exception = await exceptionOf(callAws({ flowExecutionId: arn }));
    expect(world.stats().calls + world.stats().refused.calls).toBe(before);
    return {
      codes: problems.map(({ status, code }) => `${status} ${code}`),
      stream: follower.refused,
      aws: exception.name,
    };
  }

  test.each([
    ['another account', `arn:aws:states:us-west-2:210987654321:execution:Machine:${UUID}`],
    ['another region', `arn:aws:states:eu-west-1:123456789012:execution:Machine:${UUID}`],
    ['a map run in another account', `arn:aws:states:us-west-2:210987654321:execution:Machine/Map:${UUID}`],
    ['a host-like region', `arn:aws:states:evil-example-com-1:123456789012:execution:Machine:${UUID}`],
  ])('is a 403 for an ARN of %s, which SFN_ALLOWED does not name', async (_, arn) => {
    expect(await refusals(arn)).toEqual({
      codes: ['403 SourceNotAllowed', '403 SourceNotAllowed'],
      stream: 403,
      aws: 'AccessDeniedException',
    });
  });

  test('is a 400 for the ARN of an EXPRESS execution, which has no history', async () => {
    expect(await refusals(`${ARNS}:express:Machine:run:${UUID}`)).toEqual({
      codes: ['400 InvalidRequestException', '400 InvalidRequestException'],
      stream: 400,
      aws: 'InvalidRequestException',
    });
  });
});

describe('the patterns of a key', () => {
  const limitedTo = (...executions: string[]) => world.key({ executions } satisfies Partial<NewKey>);

  test('match the ARNs of a state machine, an account or one execution', async () => {
    const arn = anHourAgo('LambdaCalls');
    const machine = await limitedTo(`${ARNS}:execution:LambdaCalls:*`);
    const account = await limitedTo('arn:aws:states:*:123456789012:*');
    const one = await limitedTo(arn);
    for (const apiKey of [machine, account, one]) {
      expect((await get(`/v1/executions/${arn}/messages`, apiKey)).status).toBe(200);
      expect((await awsPageOf(callAws({ flowExecutionId: arn }, apiKey))).messages).toHaveLength(12);
    }
    const other = anHourAgo('CaughtError');
    for (const apiKey of [machine, one]) {
      const before = world.calls(other);
      const refused = await get(`/v1/executions/${other}/messages`, apiKey);
      expect(refused.status).toBe(403);
      expect(await refused.json()).toMatchObject({ code: 'AccessDeniedException' });
      expect((await exceptionOf(callAws({ flowExecutionId: other }, apiKey))).name).toBe(
        'AccessDeniedException',
      );
      expect(world.calls(other)).toBe(before);
    }
  });

  test('allow a ticket for an execution, which opens its stream without the key', async () => {
    const arn = anHourAgo('ParallelBranches');
    const apiKey = await world.key({ tickets: true });
    const made = await fetch(new URL(`/v1/executions/${arn}/tickets`, world.url), {
      method: 'POST',
      headers: { 'X-API-Key': apiKey, 'Content-Type': 'application/json' },
      body: '{}',
    });
    const { streamUrl } = (await made.json()) as { streamUrl: string };
    const stream = await fetch(streamUrl, { headers: { Accept: 'text/event-stream' } });
    expect(stream.status).toBe(200);
    expect((await stream.text()).match(/^data: \{"messageId"/gm)).toHaveLength(10);
  });
});
