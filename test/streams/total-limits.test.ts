/**
 * A key never has more streams and waiting requests at the same time than its limits allow, whichever
 * executions and routes it uses.
 */
import { beforeEach, expect, test } from 'vitest';

import { STALL_MS } from '../../src/executions/following/frame-queue.ts';
import { StreamsUnderTest, message, messages } from './streams-under-test.ts';

let streams: StreamsUnderTest;
beforeEach(() => {
  streams = new StreamsUnderTest();
});

const path = (id: string, query = '') => `/v1/executions/${encodeURIComponent(id)}/messages${query}`;
const ended = () => [...messages(0, 30), message(30, 'EXECUTION_SUCCEEDED')];

const codeOf = (stream: { named(name: string): { data: string }[] }): unknown =>
  JSON.parse(stream.named('problem')[0]?.data ?? '{}').code;

async function importEnded(id: string, all = ended()): Promise<void> {
  const body = all.map((each) => `${JSON.stringify(each)}\n`).join('');
  const response = await streams.admin('PUT', `/executions/${encodeURIComponent(id)}/messages`, body, {
    'Content-Type': 'application/x-ndjson',
  });
  expect(response.status).toBe(200);
}

test('streams and waiting requests of all executions share one limit, and each one that ends makes room', async () => {
  const apiKey = await streams.key({ totalStreamLimit: 3 });
  const headers = { authorization: `Bearer ${apiKey}` };
  streams.source.append(message(0));
  const { cursor } = (await (await streams.fetch(path('a'), { headers })).json()) as { cursor: string };
  const one = await streams.open({ apiKey, id: 'a' });
  const two = await streams.open({ apiKey, id: 'b' });
  const waiting = streams.fetch(path('a', `?waitTimeSeconds=20&cursor=${cursor}`), { headers });
  await streams.clock.advance(100);

  expect(codeOf(await streams.open({ apiKey, id: 'c' }))).toBe('TooManyStreams');
  const page = await streams.fetch(path('a', `?waitTimeSeconds=20&cursor=${cursor}`), { headers });
  expect([page.status, page.headers.get('retry-after')]).toEqual([429, '10']);
  expect(await page.json()).toMatchObject({ code: 'TooManyStreams', detail: expect.stringContaining('all') });
  const summary = await streams.fetch('/v1/executions/d?waitTimeSeconds=20', { headers });
  expect(summary.status).toBe(429);
  // Requests that do not wait are not counted, and other keys are not affected.
  expect((await streams.fetch(path('a'), { headers })).status).toBe(200);
  expect((await streams.open({ id: 'c' })).messageIds).toEqual(['m0']);

  for (const stream of [one, two]) stream.leave();
  await streams.clock.advance(20_000);
  expect((await waiting).status).toBe(200);
  for (const id of ['c', 'd', 'e']) expect((await streams.open({ apiKey, id })).messageIds).toEqual(['m0']);
  expect(codeOf(await streams.open({ apiKey, id: 'f' }))).toBe('TooManyStreams');
});

test("streams opened with a key's ticket count against the key", async () => {
  const apiKey = await streams.key({ totalStreamLimit: 1, tickets: true });
  streams.source.append(message(0));
  const created = await streams.fetch('/v1/executions/a/tickets', {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: '{}',
  });
  const { ticket } = (await created.json()) as { ticket: string };
  await streams.open({ apiKey, id: 'b' });
  const response = await streams.fetch(path('a', `?ticket=${ticket}`), {
    headers: { accept: 'text/event-stream' },
  });
  expect(await response.text()).toContain('TooManyStreams');
});

test("streams of an archived history above the key's limit are refused, and those within the limit get every message", async () => {
  const apiKey = await streams.key({ streamLimit: 2 });
  await importEnded('archived', [...messages(0, 30, 'x'.repeat(10_000)), message(30, 'EXECUTION_SUCCEEDED')]);
  const open = await Promise.all(
    Array.from({ length: 40 }, () => streams.open({ apiKey, id: 'archived', unread: true })),
  );
  await streams.clock.advance(1_000);
  await Promise.all(open.map((stream) => stream.readAll()));
  const refused = open.filter((stream) => codeOf(stream) === 'TooManyStreams');
  expect(refused).toHaveLength(38);
  for (const stream of open) {
    if (!refused.includes(stream)) expect(stream.messageIds).toHaveLength(31);
  }
  expect((await streams.open({ apiKey, id: 'archived' })).messageIds).toHaveLength(31);
});

test('an unread stream of an archive holds its slot until it is disconnected, even if all of it is queued', async () => {
  const apiKey = await streams.key({ streamLimit: 1 });
  await importEnded('archived');
  // Background work of the import, which still has to add an entry to the index, also sleeps on this clock.
  const { sleepers } = streams.clock;
  const unread = await streams.open({ apiKey, id: 'archived', unread: true });
  await streams.clock.advance(STALL_MS - 1_000);
  expect(codeOf(await streams.open({ apiKey, id: 'archived' }))).toBe('TooManyStreams');
  await streams.clock.advance(1_000);
  expect((await streams.open({ apiKey, id: 'archived' })).messageIds).toHaveLength(31);
  await unread.readAll();
  expect(unread.error).toBeDefined();
  expect(streams.clock.sleepers).toBe(sleepers);
});
