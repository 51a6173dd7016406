/**
 * The three levels of access are `none`, `names` and `full`. On every route, a key or ticket shows exactly what its
 * level allows, whether or not others have read the same history before, and also after the level of its key has been
 * changed.
 */
import { expect, test } from 'vitest';

import { messageOfEvent } from '../../src/sources/step-functions/step-functions-mapping.ts';
import { failingMapWithData } from '../step-functions/recorded-histories.ts';
import { openService, path, type ServiceUnderTest } from '../http/service-under-test.ts';
import { awsCall, bearer, EVENTS, everythingIn, marker, openStream, ticketFor } from './tenants.ts';

const LEVELS = ['none', 'names', 'full'] as const;
type Level = (typeof LEVELS)[number];

/** Occurs in every payload, but not in the names of steps and errors. */
const SECRET = marker('secret');
const STEP = marker('step');
const ERROR = marker('Error');

/**
 * A failed Things Graph flow. Some payloads have the secret where a careless parser would take it for the name
 * of a step or error.
 */
const FLOW = [
  ['EXECUTION_STARTED', `stepId: ${SECRET}, error: ${SECRET}`],
  ['STEP_STARTED', `{stepId: ${STEP}, input: {stepId: ${SECRET}, error: "${SECRET}"}}`],
  ['ACTIVITY_STARTED', ''],
  ['ACTIVITY_FAILED', `{"error": "two words ${SECRET}", "input": {"error": "${SECRET}"}}`],
  ['STEP_FAILED', `{stepId: ${STEP}, error: ${ERROR}, cause: ${SECRET}}`],
  ['EXECUTION_FAILED', SECRET],
] as const;

const flow = (service: ServiceUnderTest) =>
  FLOW.map(([eventType, payload], position) => ({
    messageId: String(position),
    eventType,
    payload,
    timestamp: service.clock.now() / 1000 - 3_600 + position,
  }));

/** A failed map of Step Functions, with the secret in place of all data. */
const imported = failingMapWithData(SECRET);

/**
 * A Step Functions execution that caught a failure and then ended in a Fail state. Only `failure.causedBy` of
 * its summary names the step and error of the first failure.
 */
const caught = (
  [
    [{ type: 'ExecutionStarted', executionStartedEventDetails: { input: SECRET } }],
    [{ type: 'TaskStateEntered', stateEnteredEventDetails: { name: STEP, input: SECRET } }],
    [{ type: 'TaskFailed', taskFailedEventDetails: { error: ERROR, cause: SECRET } }],
    [{ type: 'TaskStateExited', stateExitedEventDetails: { name: STEP, output: SECRET } }],
    [{ type: 'FailStateEntered', stateEnteredEventDetails: { name: 'GiveUp', input: SECRET } }],
    [{ type: 'ExecutionFailed', executionFailedEventDetails: { error: 'Declined', cause: SECRET } }],
  ] as const
).flatMap(([event], index) => messageOfEvent({ ...event, id: index + 1, previousEventId: index }) ?? []);

const FLOW_ID = 'flow';
const IMPORT_ID = 'imported';

/** Opens a service that has archived both executions. A key that sees everything has filled every cache. */
async function openWarm(): Promise<ServiceUnderTest> {
  const service = await openService();
  await service.script(FLOW_ID, flow(service));
  const body = imported.map((message) => JSON.stringify(message)).join('\n');
  const put = await service.admin('PUT', `/executions/${IMPORT_ID}/messages`, body);
  if (put.status !== 200) throw new Error(await put.text());
  for (let turn = 0; turn < 2; turn++) {
    for (const id of [FLOW_ID, IMPORT_ID]) {
      await allWays(service, id, { headers: bearer(await service.key({ tickets: true })) });
    }
    await service.clock.advance(30_000);
  }
  return service;
}

interface Credential {
  readonly headers?: Record<string, string>;
  readonly query?: string;
}

/** Returns everything that a caller gets on all routes, headers included. */
async function allWays(service: ServiceUnderTest, id: string, { headers = {}, query = '' }: Credential) {
  const ask = (more: string, resource = '/messages', added: Record<string, string> = {}) =>
    service.fetch(path(id, [query, more].filter(Boolean).join('&'), resource), {
      headers: { ...headers, ...added },
    });
  const key = headers['Authorization']?.slice('Bearer '.length);
  const answers = [
    await ask(''),
    await ask('maxResults=1'),
    await ask('last=3'),
    await ask('eventTypes=STEP_FAILED,ACTIVITY_FAILED,TaskFailed'),
    await ask('', ''),
    await ask('', '/messages', EVENTS),
    await ask('eventTypes=EXECUTION_FAILED,STEP_FAILED', '/messages', EVENTS),
    ...(key === undefined ? [] : [await awsCall(service, key, { flowExecutionId: id })]),
  ];
  for (const { status } of answers) expect(status).toBe(200);
  const texts = await Promise.all(answers.map(everythingIn));
  return texts.join('\n');
}

function expectLevel(level: Level, seen: string, id: string): void {
  expect(seen.includes(SECRET), `payloads at ${level}`).toBe(level === 'full');
  const names = id === FLOW_ID ? [STEP, ERROR] : ['MapWait', 'States.Timeout', 'previousMessageId'];
  for (const name of names) expect(seen.includes(name), `${name} at ${level}`).toBe(level !== 'none');
}

const lesser = (one: Level, other: Level): Level =>
  LEVELS[Math.min(LEVELS.indexOf(one), LEVELS.indexOf(other))] ?? 'none';

test('every route shows exactly what a level allows, to keys and to tickets of any level', async () => {
  const service = await openWarm();
  for (const level of LEVELS) {
    const key = await service.key({ payloads: level, tickets: true });
    for (const id of [FLOW_ID, IMPORT_ID]) {
      expectLevel(level, await allWays(service, id, { headers: bearer(key) }), id);
      for (const wanted of LEVELS) {
        const created = ticketFor(service, key, id, { payloads: wanted });
        if (lesser(level, wanted) !== wanted) await expect(created).rejects.toThrow('OperationNotAllowed');
        else expectLevel(wanted, await allWays(service, id, { query: `ticket=${await created}` }), id);
      }
      expectLevel(
        level,
        await allWays(service, id, { query: `ticket=${await ticketFor(service, key, id)}` }),
        id,
      );
    }
  }
});

test('a ticket shows the lower of its own level and the current level of its key', async () => {
  const service = await openWarm();
  for (const before of LEVELS) {
    const key = await service.key({ payloads: before, tickets: true });
    const ticket = await ticketFor(service, key, FLOW_ID);
    for (const after of LEVELS) {
      await service.clock.advance(1_001);
      await service.admin('PATCH', `/keys/${key.slice(4, 12)}`, { payloads: after });
      expectLevel(after, await allWays(service, FLOW_ID, { headers: bearer(key) }), FLOW_ID);
      const seen = await allWays(service, FLOW_ID, { query: `ticket=${ticket}` });
      expectLevel(lesser(before, after), seen, FLOW_ID);
    }
  }
});

test('an open stream closes if the level of its key drops below what the stream shows, and stays open otherwise', async () => {
  for (const before of LEVELS) {
    for (const after of LEVELS) {
      const service = await openService();
      await service.script(FLOW_ID, [{ messageId: '0', eventType: 'STEP_STARTED', payload: '{stepId: A}' }]);
      const key = await service.key({ payloads: before });
      const { reader, leave } = await openStream(service, path(FLOW_ID), key);
      await service.clock.advance(1_001);
      await service.admin('PATCH', `/keys/${key.slice(4, 12)}`, { payloads: after });
      await service.clock.advance(62_000);
      const problems = reader.events.filter(({ event }) => event === 'problem').length;
      expect(problems, `${before} to ${after}`).toBe(lesser(before, after) === before ? 0 : 1);
      await leave();
    }
  }
});

test('?step= is a 403 for keys that do not see step names', async () => {
  const service = await openWarm();
  for (const level of LEVELS) {
    const headers = bearer(await service.key({ payloads: level }));
    for (const more of [{}, EVENTS]) {
      const { status } = await service.fetch(path(FLOW_ID, `step=${STEP}`), {
        headers: { ...headers, ...more },
      });
      expect(status, level).toBe(level === 'none' ? 403 : 200);
    }
  }
});

test('the ETag at a level depends only on what that level shows', async () => {
  const one = await openService();
  const two = await openService({}, { clock: one.clock });
  const at = (payload: string, step: string) => [
    {
      messageId: '0',
      eventType: 'STEP_STARTED',
      timestamp: 1e9,
      payload: `{stepId: ${step}, input: ${payload}}`,
    },
  ];
  await one.script('x', at('short', 'A'));
  await two.script('x', at('very much longer', 'A'));
  await one.script('y', at('short', 'A'));
  await two.script('y', at('short', 'B'));
  const etag = async (service: ServiceUnderTest, id: string, payloads: Level) =>
    (await service.fetch(path(id), { headers: bearer(await service.key({ payloads })) })).headers.get('ETag');
  for (const level of LEVELS) {
    const isSame = async (id: string) => (await etag(one, id, level)) === (await etag(two, id, level));
    expect([level, await isSame('x'), await isSame('y')]).toEqual([
      level,
      level !== 'full',
      level === 'none',
    ]);
  }
});

test('`failure.causedBy` shows step and error at `names`, and also the cause at `full`', async () => {
  const service = await openService();
  const body = caught.map((message) => JSON.stringify(message)).join('\n');
  expect((await service.admin('PUT', '/executions/caught/messages', body)).status).toBe(200);
  for (const [level, causedBy] of [
    ['full', { step: STEP, error: ERROR, cause: SECRET }],
    ['names', { step: STEP, error: ERROR }],
    ['none', undefined],
  ] as const) {
    const headers = bearer(await service.key({ payloads: level }));
    const text = await (await service.fetch(path('caught', '', ''), { headers })).text();
    expect(JSON.parse(text).failure.causedBy).toEqual(causedBy);
    expect(text.includes(SECRET)).toBe(level === 'full');
    expect([STEP, ERROR].some((name) => text.includes(name))).toBe(level !== 'none');
  }
});
