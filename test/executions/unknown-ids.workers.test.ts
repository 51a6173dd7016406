/** What an id leaves behind in the storage of its Durable Object: nothing, unless something was found. */
import { reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { executionKey, parseExecutionRef } from '../../src/core/execution-ref.ts';
import * as worker from '../support/inside-workerd.workers.ts';
import { ADMIN_TOKEN } from '../support/secret-patterns.ts';

const ARN = 'arn:aws:states:us-west-2:123456789012:execution:flow:run';

/** undefined: the upstream knows no execution. */
let messages: object[] | undefined;
let apiKey: string;

beforeEach(async () => {
  messages = undefined;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (url) => {
    if (messages) return Response.json({ messages });
    const isStepFunctions = String(url).includes('states');
    const __type = isStepFunctions ? 'ExecutionDoesNotExist' : 'ResourceNotFoundException';
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

const stored = (executionId: string) =>
  runInDurableObject(objectOf(executionId), async (_, { storage }) => ({
    keys: [...(await storage.list()).keys()],
    alarm: await storage.getAlarm(),
  }));

const NOTHING = { keys: [], alarm: null };
const stream = { headers: { accept: 'text/event-stream' } };

test.each(['unknown-flow', ARN])('an unknown id (%s) leaves no key and no alarm', async (id) => {
  const path = `/v1/executions/${encodeURIComponent(id)}`;
  const requests: [string, RequestInit & { token?: string }][] = [
    [`${path}/messages`, {}],
    [`${path}/messages`, { method: 'HEAD' }],
    [path, {}],
    [`${path}/messages`, stream],
    [`${path}/messages?waitTimeSeconds=5`, {}],
    [`${path}?waitTimeSeconds=2`, {}],
  ];
  for (const [url, init] of requests) {
    expect((await request(url, init)).status, url).toBe(404);
    expect(await stored(id), url).toEqual(NOTHING);
  }
  const admin = { token: ADMIN_TOKEN };
  const adminPath = `/v1/admin/executions/${encodeURIComponent(id)}`;
  expect((await request(adminPath, admin)).status).toBe(200);
  expect((await request(adminPath, { ...admin, method: 'DELETE' })).status).toBe(404);
  expect(await stored(id)).toEqual(NOTHING);
});

test('many requests for one unknown id wake its object once in 1.5 s', async () => {
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

test('a followed execution is remembered by name, and an object that holds something deletes nothing', async () => {
  messages = [{ messageId: 'm0', eventType: 'STEP_STARTED' }];
  const path = '/v1/executions/a-flow/messages';
  const { body } = await request(path, stream);
  const reader = body?.getReader();
  await reader?.read();
  const followed = await stored('a-flow');
  expect(followed.keys).toEqual(['ref']);
  expect(followed.alarm).not.toBeNull();
  // Gone upstream, and asked for while a stream is open.
  messages = undefined;
  await request(`${path}?last=1`);
  expect((await stored('a-flow')).keys).toEqual(['ref']);
  await reader?.cancel();
  await runDurableObjectAlarm(objectOf('a-flow'));
  expect(await stored('a-flow')).toEqual(NOTHING);
});

test('an object that has pages to delete keeps a note of them and an alarm, whatever it is asked', async () => {
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
