/**
 * workerd is killed while it archives: readers see no archive or a whole one, and the same history either
 * way. The history is larger than the page memory, so that the walk reads it again page by page, which takes
 * time.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { eventually } from '../support/eventually.ts';
import { messagesPath, openWorld, type World } from '../support/on-workerd.ts';
import { archived, readAll } from './read-all.ts';

const ID = 'ten thousand';
const MESSAGES = 10_000;
/** Together 40 MB: 24 MiB of them are remembered. */
const PAYLOAD = 'x'.repeat(4_000);
const ARCHIVE_PAGES = MESSAGES / 250;

let worker: World;
let key: string;
beforeAll(async () => {
  worker = await openWorld();
  [key = ''] = await worker.keys(1);
  const startSeconds = Math.floor(Date.now() / 1000) - 3_600;
  for (const half of [0, MESSAGES / 2]) {
    await worker.control('/executions', {
      flowExecutionId: ID,
      append: half > 0,
      messages: Array.from({ length: MESSAGES / 2 }, (_, index) => ({
        messageId: String(half + index),
        eventType: half + index === MESSAGES - 1 ? 'EXECUTION_SUCCEEDED' : 'STEP_STARTED',
        timestamp: startSeconds,
        payload: PAYLOAD,
      })),
    });
  }
});
afterAll(() => worker.close());

/** Pages that are written and not visible yet, and heads. */
const written = async (prefix: 'page' | 'head'): Promise<number> =>
  (await worker.workerd.store.list({ prefix: `archive/1/${prefix}/` })).keys.length;

test('a SIGKILL during the archiving of 10,000 messages leaves a whole archive or none', async () => {
  await worker.control('/faults', { latencyMs: 20 });
  const asked = await worker.fetch(messagesPath(ID, 'last=1'), { headers: { 'X-API-Key': key } });
  expect(asked.status).toBe(200);
  await eventually(async () => expect(await written('page')).toBeGreaterThanOrEqual(5));
  await worker.workerd.restart();
  expect(await written('page')).toBeLessThan(ARCHIVE_PAGES - 1);
  expect(await written('head')).toBe(0);
  await worker.control('/faults', {});

  const messages = await readAll(worker, ID, key);
  expect(messages.map(({ messageId }) => messageId)).toEqual(
    Array.from({ length: MESSAGES }, (_, position) => String(position)),
  );
  expect(new Set(messages.map(({ payload }) => payload))).toEqual(new Set([PAYLOAD]));
  await eventually(async () => expect(await archived(worker)).toContain(ID));
  await worker.upstream.close();
  await worker.workerd.restart();
  expect(await readAll(worker, ID, key)).toEqual(messages);
});
