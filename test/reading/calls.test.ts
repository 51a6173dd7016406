/** Upstream calls caused by readers, counted at the emulator, with real sockets and real time. */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { eventually } from '../support/eventually.ts';
import { messagesPath, openWorld, type World } from '../support/on-workerd.ts';
import { archived, type Page, readAll } from './read-all.ts';

const SETTLED = 'settled-1000';
const RUNNING = 'running';
const UNKNOWN = 'unknown';
const UNREAD = 'unread';
const CLIENTS_SETTLED = 100;
const CLIENTS_FOLLOWING = 200;
const FOLLOWED_MS = 10_000;
/** The page sizes of the clients. Each client starts with a different one, so their pages differ. */
const SIZES = [1, 250, 17, 100, 249, 33, 250, 64];

let worker: World;
let keys: string[];

beforeAll(async () => {
  worker = await openWorld();
  keys = await worker.keys(CLIENTS_FOLLOWING / 4);
  const hourAgo = Date.now() / 1000 - 3_600;
  await worker.control('/executions', {
    flowExecutionId: SETTLED,
    messages: Array.from({ length: 1_000 }, (_, position) => ({
      messageId: String(position),
      eventType: position === 999 ? 'EXECUTION_SUCCEEDED' : 'STEP_STARTED',
      timestamp: hourAgo + position / 1000,
      payload: `{stepId: Step${position}}`,
    })),
  });
  for (const flowExecutionId of [RUNNING, UNREAD]) {
    await worker.control('/executions', {
      flowExecutionId,
      messages: Array.from({ length: 200 }, (_, position) => ({
        messageId: String(position),
        eventType: 'STEP_STARTED',
        afterMs: position * 300,
      })),
    });
  }
});
afterAll(() => worker.close());

const keyOf = (client: number): string => keys[client % keys.length] ?? '';

const ids = Array.from({ length: 1_000 }, (_, position) => String(position));

async function everyoneReadsAll(clients: number): Promise<void> {
  const histories = await Promise.all(
    Array.from({ length: clients }, (_, client) =>
      readAll(worker, SETTLED, keyOf(client), [...SIZES.slice(client % SIZES.length), 250, 250, 250, 250]),
    ),
  );
  for (const history of histories) expect(history.map(({ messageId }) => messageId)).toEqual(ids);
}

test('100 readers cause one upstream read of a settled execution, and later readers cause none', async () => {
  await everyoneReadsAll(CLIENTS_SETTLED);
  await eventually(async () => expect(await archived(worker)).toContain(SETTLED));
  const calls = worker.calls(SETTLED);
  expect(calls).toBeGreaterThanOrEqual(4);
  expect(calls).toBeLessThanOrEqual(10);
  await worker.workerd.restart();
  await everyoneReadsAll(20);
  expect(worker.calls(SETTLED)).toBe(calls);
});

test('200 clients that poll without pause cause at most 12 calls in 10 s, for a running or an unknown execution', async () => {
  const endMs = Date.now() + FOLLOWED_MS;
  let answers = 0;
  /** Returns the number of the newest message in the first answer and in the last answer. */
  const follow = async (id: string, status: number, client: number): Promise<[number, number]> => {
    let [first, newest] = [Number.NaN, Number.NaN];
    while (Date.now() < endMs) {
      const response = await worker.fetch(messagesPath(id, client % 2 === 0 ? 'last=100' : 'last=1'), {
        headers: { 'X-API-Key': keyOf(client) },
      });
      const body = await response.text();
      // The rate limit of a key is not tested here. A 429 never reaches an execution.
      if (response.status === 429) continue;
      if (response.status !== status) throw new Error(`${response.status}: ${body}`);
      answers++;
      // Safety: a 200 of this route is a page.
      if (status === 200) newest = Number((JSON.parse(body) as Page).messages.at(-1)?.messageId);
      if (Number.isNaN(first)) first = newest;
    }
    return [first, newest];
  };
  const clients = Array.from({ length: CLIENTS_FOLLOWING }, (_, client) => client);
  const [running] = await Promise.all([
    Promise.all(clients.map((client) => follow(RUNNING, 200, client))),
    Promise.all(clients.map((client) => follow(UNKNOWN, 404, client))),
  ]);
  const { byExecution } = worker.stats();
  expect(byExecution[RUNNING]?.calls).toBeGreaterThanOrEqual(5);
  expect(byExecution[RUNNING]?.calls).toBeLessThanOrEqual(12);
  expect(byExecution[RUNNING]?.maxInFlight).toBe(1);
  expect(byExecution[UNKNOWN]?.calls).toBeLessThanOrEqual(12);
  expect(byExecution[UNKNOWN]?.maxInFlight).toBe(1);
  expect(byExecution[UNREAD]).toBeUndefined();
  // The clients did send requests, and the history grew while they did. The number of answers depends on the
  // machine.
  expect(answers).toBeGreaterThan(CLIENTS_FOLLOWING);
  expect(running.some(([first, newest]) => newest > first)).toBe(true);
});

test('a history that was read once is served by a new isolate while the upstream is down', async () => {
  await worker.upstream.close();
  await worker.workerd.restart();
  await everyoneReadsAll(20);
});
