/** An unknown id leaves nothing in the storage of its Durable Object. */
import { listDurableObjectIds, reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { executionKey, parseExecutionRef } from '../../src/core/execution-ref.ts';
import * as worker from '../support/inside-workerd.workers.ts';
import { ADMIN_TOKEN } from '../support/secret-patterns.ts';
import { type Asked, isLong, requestsForFlow, requestsForId } from './unknown-id-requests.ts';

const TIMEOUT_MS = 40_000;
const MACHINE = 'arn:aws:states:us-west-2:123456789012:stateMachine:flow';
const ARN = 'arn:aws:states:us-west-2:123456789012:execution:flow:run';

/** The messages that the upstream returns. If undefined, the upstream knows no execution. */
let messages: object[] | undefined;
let apiKey: string;

beforeAll(async () => {
  // The first request of an isolate starts the build of the index in another object. Waits until the build is
  // done.
  await worker.fetchWorker('/healthz');
  await vi.waitFor(async () => expect(await worker.STORE.get(INDEX_STATE)).not.toBeNull(), TIMEOUT_MS);
});
beforeEach(async () => {
  messages = undefined;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (url, init) => {
    if (messages) return Response.json({ messages });
    const isList = new Headers(init?.headers).get('x-amz-target')?.includes('List');
    const isStepFunctions = String(url).includes('states');
    const stepFunctions = isList ? 'StateMachineDoesNotExist' : 'ExecutionDoesNotExist';
    const __type = isStepFunctions ? stepFunctions : 'ResourceNotFoundException';
    return Response.json({ __type, message: 'unknown' }, { status: 400 });
  });
  apiKey = await worker.createKey();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

async function request(path: string, { token = apiKey, ...init }: RequestInit & { token?: string } = {}) {
  const response = await worker.fetchWorker(path, { ...init, token });
  if (new Headers(init.headers).get('accept') !== 'text/event-stream') await response.text();
  return response;
}

const objectOf = (executionId: string) => worker.objectOf(executionKey(parseExecutionRef(executionId)));

const storedIn = (object: ReturnType<typeof objectOf>) =>
  runInDurableObject(object, async (_, { storage }) => ({
    keys: [...(await storage.list()).keys()],
    alarm: await storage.getAlarm(),
  }));
const stored = (executionId: string) => storedIn(objectOf(executionId));

const NOTHING = { keys: [], alarm: null };
const stream = { headers: { accept: 'text/event-stream' } };

/** All entries that any Durable Object or the store has, apart from API keys and the state of the index. */
async function everythingStored(): Promise<object[]> {
  const ids = await listDurableObjectIds(worker.EXECUTIONS);
  const objects = await Promise.all(ids.map((id) => storedIn(worker.EXECUTIONS.get(id))));
  const { keys } = await worker.STORE.list();
  return [
    ...objects.filter((left) => left.keys.length > 0 || left.alarm !== null),
    ...keys.filter(({ name }) => !name.startsWith('key/') && name !== INDEX_STATE),
  ];
}

const INDEX_STATE = 'archive/1/index-build';

test.each([
  ['an unknown id', () => requestsForId('unknown-flow', apiKey)],
  ['an unknown ARN', () => requestsForId(ARN, apiKey)],
  ['an unknown flow', () => requestsForFlow(MACHINE, apiKey)],
])('no request for %s leaves a key or an alarm', async (_, requests) => {
  const ask = async ([status, url, init]: Asked) => {
    const what = `${init.method ?? 'GET'} ${url}`;
    const response = await worker.fetchWorker(url, init);
    await response.text();
    expect(response.status, what).toBe(status);
    return what;
  };
  const [long, short] = [requests().filter(isLong), requests().filter((asked) => !isLong(asked))];
  // Each long request takes up to 5 s, so they run at the same time.
  await Promise.all(long.map(ask));
  expect(await everythingStored()).toEqual([]);
  for (const asked of short) {
    const what = await ask(asked);
    expect(await everythingStored(), what).toEqual([]);
  }
});

test('a ticket for an unknown id gets only 404s and leaves nothing in storage', async () => {
  apiKey = await worker.createKey({ tickets: true });
  const path = '/v1/executions/unknown-flow';
  const response = await worker.fetchWorker(`${path}/tickets`, { method: 'POST', token: apiKey });
  // Safety: this route answers with a ticket.
  const { ticket } = (await response.json()) as { ticket: string };
  for (const resource of ['/messages', '']) {
    const answer = await worker.fetchWorker(`${path}${resource}?ticket=${ticket}`);
    expect(await answer.json()).toMatchObject({ status: 404 });
  }
  expect(await everythingStored()).toEqual([]);
});

test('requests for one unknown id wake its object at most once in 1.5 s', async () => {
  const path = '/v1/executions/unknown-flow/messages';
  await request(path);
  const calls = vi.mocked(fetch).mock.calls.length;
  const get = vi.spyOn(worker.EXECUTIONS, 'get');
  for (let n = 0; n < 20; n++) expect((await request(path)).status).toBe(404);
  expect(vi.mocked(fetch).mock.calls).toHaveLength(calls);
  expect(get).not.toHaveBeenCalled();
  await request('/v1/executions/another-flow/messages');
  expect(get).toHaveBeenCalledOnce();
});

test('a followed execution keeps its name in storage until its stream closes, even if it disappears upstream', async () => {
  messages = [{ messageId: 'm0', eventType: 'STEP_STARTED' }];
  const path = '/v1/executions/a-flow/messages';
  const { body } = await request(path, stream);
  const reader = body?.getReader();
  await reader?.read();
  const followed = await stored('a-flow');
  expect(followed.keys).toEqual(['ref']);
  expect(followed.alarm).not.toBeNull();
  // The execution disappears upstream, and is requested while its stream is open.
  messages = undefined;
  await request(`${path}?last=1`);
  expect((await stored('a-flow')).keys).toEqual(['ref']);
  await reader?.cancel();
  await runDurableObjectAlarm(objectOf('a-flow'));
  expect(await stored('a-flow')).toEqual(NOTHING);
});

test('an object with pages to delete keeps a note of them and its alarm, even after requests for the deleted id', async () => {
  const admin = { token: ADMIN_TOKEN };
  const path = '/v1/admin/executions/a-flow';
  const body = JSON.stringify({ messageId: 'm0', eventType: 'EXECUTION_SUCCEEDED' });
  const keysOf = async () => (await stored('a-flow')).keys.map((key) => key.replace(/\/.*/, '/…'));
  for (const expected of [
    ['head', 'ref'],
    ['head', 'ref', 'replaced/…'],
    ['head', 'ref', 'replaced/…', 'replaced/…'],
  ]) {
    expect((await request(`${path}/messages`, { ...admin, method: 'PUT', body })).status).toBe(200);
    expect(await keysOf()).toEqual(expected);
  }
  expect((await request(path, { ...admin, method: 'DELETE' })).status).toBe(204);
  expect((await request('/v1/executions/a-flow/messages')).status).toBe(404);
  expect(await keysOf()).toEqual(['ref', 'replaced/…', 'replaced/…', 'replaced/…']);
  expect((await stored('a-flow')).alarm).toBeGreaterThan(Date.now());
});
