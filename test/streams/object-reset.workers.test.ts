/**
 * Invariant 2 when a deploy resets the Durable Object under an open stream. chaos.test.ts kills the whole
 * workerd.
 */
import { abortAllDurableObjects, reset } from 'cloudflare:test';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { createKey, fetchWorker } from '../support/inside-workerd.workers.ts';
import { StreamReader } from '../support/sse-reader.ts';

/** The upstream's messages. They fit into one page, which is polled repeatedly. */
let messages: { messageId: string; eventType: string }[];
let apiKey: string;

beforeEach(async () => {
  messages = Array.from({ length: 3 }, (_, n) => ({ messageId: `m${n}`, eventType: 'STEP_STARTED' }));
  vi.spyOn(globalThis, 'fetch').mockImplementation(async () => Response.json({ messages }));
  apiKey = await createKey();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

async function open(lastEventId?: string): Promise<StreamReader & { response: Response }> {
  const response = await fetchWorker('/v1/executions/reset-under-it/messages', {
    token: apiKey,
    headers: {
      accept: 'text/event-stream',
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    },
  });
  const reader = new StreamReader(response.body);
  return Object.assign(reader, { response });
}

async function readUntil(reader: StreamReader, enough: () => boolean): Promise<void> {
  while (!enough() && (await reader.readOne()));
}

test('a stream whose object is reset ends cleanly, and a reconnect resumes without a gap or repeat', async () => {
  const first = await open();
  await readUntil(first, () => first.named('caught-up').length > 0);
  expect(first.messageIds).toEqual(['m0', 'm1', 'm2']);

  await abortAllDurableObjects();
  await first.readAll();
  // The stream closes rather than breaks, so a client's HTTP library delivers everything that it has read.
  expect(first.error).toBeUndefined();
  expect(first.messageIds).toEqual(['m0', 'm1', 'm2']);

  messages = [...messages, { messageId: 'm3', eventType: 'STEP_STARTED' }];
  const again = await open(first.parser.lastEventId);
  await readUntil(again, () => again.messageIds.length > 0);
  expect(again.messageIds).toEqual(['m3']);
  expect(again.named('reset')).toEqual([]);

  await abortAllDurableObjects();
  await again.readAll();
  expect(again.error).toBeUndefined();
  messages = [...messages, { messageId: 'm4', eventType: 'STEP_STARTED' }];
  const third = await open(again.parser.lastEventId);
  await readUntil(third, () => third.messageIds.length > 0);
  expect(third.messageIds).toEqual(['m4']);
  await third.cancel();
});
