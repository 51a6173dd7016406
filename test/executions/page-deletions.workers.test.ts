/**
 * On Workers, the alarm of a Durable Object deletes replaced and orphaned pages after ten minutes. Afterwards
 * the object stores nothing about them.
 */
import { abortAllDurableObjects, reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { systemClock } from '../../src/core/clock.ts';
import { executionKey, parseExecutionRef } from '../../src/core/execution-ref.ts';
import { REPLACED_PAGES_KEPT_MS } from '../../src/executions/settling/page-deletions.ts';
import { fetchWorker, objectOf, STORE } from '../support/inside-workerd.workers.ts';
import { ADMIN_TOKEN } from '../support/secret-patterns.ts';

const TIMEOUT_MS = 40_000;
const ID = 'replaced-flow';
const object = () => objectOf(executionKey(parseExecutionRef(ID)));

/** Stored as the head, which has the first page, and two more pages, which are deleted with the archive. */
const HISTORY = Array.from({ length: 600 }, (_, n) =>
  JSON.stringify({
    messageId: `m${n}`,
    eventType: n === 599 ? 'EXECUTION_SUCCEEDED' : 'STEP_STARTED',
    timestamp: '2025-01-01T00:00:00Z',
  }),
).join('\n');

beforeEach(() => {
  vi.spyOn(globalThis, 'fetch').mockImplementation(async () =>
    Response.json({ __type: 'ResourceNotFoundException' }, { status: 400 }),
  );
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

async function admin(method: string, path: string, body?: BodyInit): Promise<number> {
  const response = await fetchWorker(`/v1/admin/executions/${ID}${path}`, {
    method,
    token: ADMIN_TOKEN,
    ...(body !== undefined && { body }),
  });
  await response.text();
  return response.status;
}

const stored = () =>
  runInDurableObject(object(), async (_, { storage }) => ({
    keys: [...(await storage.list()).keys()].map((key) => key.replace(/\/.*/, '/…')),
    alarm: await storage.getAlarm(),
  }));
const generations = async () => {
  const { keys } = await STORE.list({ prefix: 'archive/1/page/' });
  return new Set(keys.map(({ name }) => name.split('/').at(-2))).size;
};

/** The keys of pages, heads and index entries in the store. */
const inStore = async () => {
  const { keys } = await STORE.list({ prefix: 'archive/' });
  return keys.filter(({ name }) => name !== 'archive/1/index-build');
};

/** Advances the service's clock by ten minutes and runs the alarm. The platform might already have run it. */
async function afterTheTenMinutes(): Promise<void> {
  const now = Date.now() + REPLACED_PAGES_KEPT_MS;
  vi.spyOn(systemClock, 'now').mockImplementation(() => now);
  await runDurableObjectAlarm(object());
}

test('a restarted object deletes replaced pages, and a deleted archive leaves no key and no alarm', async () => {
  for (let n = 0; n < 4; n++) expect(await admin('PUT', '/messages', HISTORY)).toBe(200);
  expect(await generations()).toBe(4);
  await abortAllDurableObjects();
  const replaced = await stored();
  expect(replaced.keys).toEqual(['head', 'ref', ...Array.from({ length: 3 }, () => 'replaced/…')]);
  expect(replaced.alarm).not.toBeNull();
  await afterTheTenMinutes();
  expect(await generations()).toBe(1);
  expect(await stored()).toEqual({ keys: ['head', 'ref'], alarm: null });

  vi.mocked(systemClock.now).mockRestore();
  expect(await admin('DELETE', '')).toBe(204);
  await abortAllDurableObjects();
  await afterTheTenMinutes();
  expect(await inStore()).toEqual([]);
  expect(await stored()).toEqual({ keys: [], alarm: null });
});

test('a failed import leaves no key and no alarm', async () => {
  expect(await admin('PUT', '/messages', `${HISTORY}\n{"messageId":`)).toBe(400);
  expect(await inStore()).toEqual([]);
  expect(await stored()).toEqual({ keys: [], alarm: null });
});

test('the pages of an import that a restart interrupted are deleted, and leave no key and no alarm', async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  // The last line has no line break, so the import waits for more of it.
  writer.write(new TextEncoder().encode(HISTORY)).catch(() => undefined);
  const importing = admin('PUT', '/messages', readable);
  await vi.waitFor(async () => expect(await generations()).toBe(1), TIMEOUT_MS);
  await abortAllDurableObjects();
  expect(await importing).toBe(503);
  await afterTheTenMinutes();
  expect(await inStore()).toEqual([]);
  expect(await stored()).toEqual({ keys: [], alarm: null });
});
