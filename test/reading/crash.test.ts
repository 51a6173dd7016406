/**
 * Kills workerd while it archives. Readers must find no archive or a complete one, and get the same history
 * in both cases. The history is larger than the page memory, so the archiving walk has to fetch pages again,
 * which takes time.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { eventually } from '../support/eventually.ts';
import { messagesPath, openWorld, type World } from '../support/on-workerd.ts';
import { archived, readAll } from './read-all.ts';

const ID = 'ten thousand';
const MESSAGES = 10_000;
/** All payloads together are 40 MB. The page memory holds 24 MiB of them. */
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

/** Counts the archive's pages or heads in the store. Pages are invisible until the head is written. */
const written = async (prefix: 'page' | 'head'): Promise<number> =>
  (await worker.workerd.store.list({ prefix: `archive/1/${prefix}/` })).keys.length;

test('a SIGKILL while 10,000 messages are archived leaves no partial archive, and the next process archives them', async () => {
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
