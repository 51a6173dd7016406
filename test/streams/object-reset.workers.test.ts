/** Invariant 2 when the Durable Object dies under an open stream, as at a deploy. A killed workerd: chaos.test.ts. */
import { abortAllDurableObjects, createExecutionContext, reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { createWorkersKvStore } from '../../src/storage/workers-kv.ts';
import worker from '../../src/worker.ts';
import { StreamReader } from '../support/sse-reader.ts';
import { createKeyIn } from '../../src/local/key-in-store.ts';

// Safety: the binding that wrangler.toml names; the generated types of all bindings belong to the Worker's entry.
const { STORE } = env as unknown as { STORE: KVNamespace };

/** What the upstream has; the last page is asked for again and again. */
let messages: { messageId: string; eventType: string }[];
let apiKey: string;

beforeEach(async () => {
  messages = Array.from({ length: 3 }, (_, n) => ({ messageId: `m${n}`, eventType: 'STEP_STARTED' }));
  vi.spyOn(globalThis, 'fetch').mockImplementation(async () => Response.json({ messages }));
  apiKey = await createKeyIn(createWorkersKvStore(STORE));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

const settings = {
  AWS_REGION: 'us-west-2',
  AWS_ACCESS_KEY_ID: 'AKIATEST',
  AWS_SECRET_ACCESS_KEY: 'the secret of the emulator',
  SIGNING_SECRET: 'a signing secret of more than thirty-two characters',
};

async function open(lastEventId?: string): Promise<StreamReader & { response: Response }> {
  const request = new Request<unknown, IncomingRequestCfProperties>(
    'https://flowtap.example/v1/executions/reset-under-it/messages',
    {
      headers: {
        accept: 'text/event-stream',
        authorization: `Bearer ${apiKey}`,
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
      },
    },
  );
  // Safety: all bindings of wrangler.toml, and the settings that the Worker reads.
  const response = await worker.fetch(request, { ...env, ...settings } as never, createExecutionContext());
  const reader = new StreamReader(response.body);
  return Object.assign(reader, { response });
}

async function readUntil(reader: StreamReader, enough: () => boolean): Promise<void> {
  while (!enough() && (await reader.readOne()));
}

test('a stream whose object is reset ends cleanly, and the reconnect resumes without a gap or a repeat', async () => {
  const first = await open();
  await readUntil(first, () => first.named('caught-up').length > 0);
  expect(first.messageIds).toEqual(['m0', 'm1', 'm2']);

  await abortAllDurableObjects();
  await first.readAll();
  // An end, not a connection that breaks: what a client's HTTP library has read is good.
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
