/**
 * Tests lists in Durable Objects: what they store, and how a reset of the object affects a client. Lists and
 * Executions share one class of objects.
 */
import { abortAllDurableObjects, reset, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { EXECUTION_PATTERNS_MAX } from '../../src/access/keys/execution-pattern.ts';
import { listKey } from '../../src/lists/runtimes/open-list.ts';
import { EXECUTION_ID_CHARACTERS_MAX } from '../../src/messages/execution-id.ts';
import { createKey, fetchWorker, objectOf } from '../support/inside-workerd.workers.ts';
import { StreamReader } from '../support/sse-reader.ts';

const PLACE = 'arn:aws:states:us-west-2:123456789012';
/** The names of the running executions that the upstream lists: newest first, two per page. */
let running: string[];
/** Each test has its own state machine, because the isolate caches the pages that it has read. */
let machine: string;
let machines = 0;
let calls: number;
let apiKey: string;

beforeEach(async () => {
  running = ['three', 'two', 'one'];
  machine = `${PLACE}:stateMachine:Door${machines++}`;
  calls = 0;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (_url, init) => {
    calls++;
    // Safety: the AWS client sends its input as text or bytes.
    const { nextToken = '0' } = JSON.parse(await new Response(init?.body as BodyInit).text());
    const start = Number(nextToken);
    const executions = running.slice(start, start + 2).map((name, index) => ({
      executionArn: `${machine.replace(':stateMachine:', ':execution:')}:${name}`,
      stateMachineArn: machine,
      name,
      status: 'RUNNING',
      startDate: 1_700_000_000 - 60 * (start + index),
    }));
    const isLast = start + 2 >= running.length;
    return Response.json({ executions, ...(!isLast && { nextToken: String(start + 2) }) });
  });
  apiKey = await createKey();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

const get = (query = '', headers: Record<string, string> = {}): Promise<Response> =>
  fetchWorker(`/v1/executions?flow=${machine}${query}`, { token: apiKey, headers });

const names = async (response: Response) => {
  // Safety: a list has this shape.
  const { executions } = (await response.json()) as { executions: { name: string }[] };
  return executions.map(({ name }) => name);
};

const stored = () => {
  const flow = { source: 'step-functions', flow: machine, name: 'Door' };
  return runInDurableObject(objectOf(listKey({ flow })), async (_, { storage }) => ({
    keys: [...(await storage.list()).keys()],
    hasAlarm: (await storage.getAlarm()) !== null,
  }));
};

async function readUntil(reader: StreamReader, enough: () => boolean): Promise<void> {
  while (!enough() && (await reader.readOne()));
}

test('all readers of a list share one object, which stores page rows and the time to delete them', async () => {
  const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => get()));
  if (!first) throw new Error('no answer');
  expect(await names(first)).toEqual(['three', 'two', 'one']);
  for (const other of others) expect(await names(other)).toEqual(['three', 'two', 'one']);
  expect(calls).toBe(2);
  const { keys, hasAlarm } = await stored();
  expect(keys).toEqual(['forget-list-at', expect.stringMatching(/^list-row\//)]);
  expect(hasAlarm).toBe(true);
});

test('a list that fits on one page stores nothing and sets no alarm', async () => {
  running = ['one'];
  expect(await names(await get())).toEqual(['one']);
  expect(await stored()).toEqual({ keys: [], hasAlarm: false });
});

test('a live list ends cleanly when its object is reset, and after a reconnect it shows the current state', async () => {
  running = ['one'];
  const open = async () => {
    const reader = new StreamReader((await get('', { accept: 'text/event-stream' })).body);
    await readUntil(reader, () => reader.named('caught-up').length > 0);
    return reader;
  };
  const namesIn = (reader: StreamReader) =>
    reader.named('execution').map(({ data }) => JSON.parse(data).name);
  const first = await open();
  expect(namesIn(first)).toEqual(['one']);
  await abortAllDurableObjects();
  await first.readAll();
  expect(first.error).toBeUndefined();
  running = ['two', 'one'];
  const again = await open();
  // The isolate caches the page for two seconds, so the new execution appears either in the initial page or with the
  // next poll.
  await readUntil(again, () => namesIn(again).includes('two'));
  expect(new Set(namesIn(again))).toEqual(new Set(['one', 'two']));
  await again.cancel();
});

test('a key with the maximum number of patterns of maximum length can follow a list', async () => {
  const endOf = (text: string) => text.padEnd(EXECUTION_ID_CHARACTERS_MAX, '日');
  const others = Array.from({ length: EXECUTION_PATTERNS_MAX - 1 }, (_, n) => endOf(`door ${n} `));
  apiKey = await createKey({ executions: [...others, '*:one'] });
  const reader = new StreamReader((await get('', { accept: 'text/event-stream' })).body);
  await readUntil(reader, () => reader.named('caught-up').length > 0);
  expect(reader.named('execution').map(({ data }) => JSON.parse(data).name)).toEqual(['one']);
  await reader.cancel();
});
