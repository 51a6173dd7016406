/**
 * Invariants 3 and 8 for streams: slow clients delay no other client, every buffer and count has a bound, and
 * more readers cause no more upstream calls.
 */
import { beforeEach, expect, test } from 'vitest';

import { QUEUE_BYTES_MAX, STALL_MS } from '../../src/executions/following/frame-queue.ts';
import { HEARTBEAT_MS } from '../../src/executions/following/stream-writer.ts';
import { settle } from '../support/manual-clock.ts';
import { type OpenStream, StreamsUnderTest, ids, message, messages } from './streams-under-test.ts';

let streams: StreamsUnderTest;
beforeEach(() => {
  streams = new StreamsUnderTest();
});

/** Opens streams with one key for every ten of them, because one tenant cannot take all slots. */
async function openMany(count: number): Promise<OpenStream[]> {
  const keys: string[] = [];
  // Creates the keys one by one, because only a few new keys of an IP address are looked up concurrently.
  while (keys.length < count / 10) keys.push(await streams.key());
  return Promise.all(
    Array.from({ length: count }, (_, n) => streams.open({ apiKey: keys[n % keys.length] ?? '' })),
  );
}

test('a subscriber that reads nothing does not delay 99 other subscribers, is disconnected after 30 s, and resumes without loss', async () => {
  streams.source.append(message(0));
  const stuck = await streams.open({ unread: true });
  const others = await openMany(99);
  const large = 'x'.repeat(20_000);
  for (let n = 1; n <= 20; n++) {
    streams.source.append(message(n, 'STEP_STARTED', large));
    await streams.clock.advance(1_000);
    for (const other of others) expect(other.messageIds).toHaveLength(n + 1);
  }
  expect((await streams.activity()).streams).toBe(100);
  await streams.clock.advance(STALL_MS);
  expect((await streams.activity()).streams).toBe(99);
  // A slow client is logged as information, not as an error of the service.
  const { level, event } =
    streams.logged.find((record) => record.event !== 'request' && 'execution' in record) ?? {};
  expect([event, level ?? 'info']).toEqual(['stream-stalled', 'info']);
  await stuck.readAll();
  // The stream ends with an error rather than a close, so its unread frames are freed.
  expect(stuck.error).toBeDefined();
  expect(others.every(({ ended }) => !ended)).toBe(true);

  const again = await streams.open({ lastEventId: stuck.parser.lastEventId });
  expect([...stuck.messageIds, ...again.messageIds]).toEqual(ids(0, 21));
});

test('a slow client that reads is not disconnected', async () => {
  streams.source.append(...messages(0, 40, 'x'.repeat(10_000)));
  const slow = await streams.open({ unread: true });
  while (slow.messageIds.length < 40) {
    await slow.readOne();
    await streams.clock.advance(10_000);
  }
  expect(slow.error).toBeUndefined();
  expect(slow.messageIds).toEqual(ids(0, 40));
});

test('the queue of a client that reads nothing exceeds 64 KiB by at most one run of frames', async () => {
  streams.source.append(...messages(0, 500, 'x'.repeat(1_000)));
  const stuck = await streams.open({ unread: true });
  await streams.clock.advance(STALL_MS - 1_000);
  let bytes = 0;
  const { body } = await streams.request();
  const reader = body?.getReader();
  await settle();
  // Reads this stream immediately: the first reads return what is queued, and each read makes room for another
  // run.
  for (let run = 0; run < 4; run++) bytes += (await reader?.read())?.value?.byteLength ?? 0;
  expect(bytes).toBeLessThan(QUEUE_BYTES_MAX);
  await reader?.cancel();
  await streams.clock.advance(1_000);
  await stuck.readAll();
  expect(stuck.error).toBeDefined();
  expect(stuck.messageIds.length).toBeLessThan(80);
});

test('a frame larger than the whole queue still arrives', async () => {
  const large = 'y'.repeat(QUEUE_BYTES_MAX * 4);
  streams.source.append(message(0), message(1, 'STEP_STARTED', large), message(2));
  const stream = await streams.open();
  expect(stream.messageIds).toEqual(ids(0, 3));
});

test('subscriber 1,001 is refused with a `retry:`, and accepted once another subscriber leaves', async () => {
  streams.source.append(message(0));
  const open = await openMany(1_000);
  expect((await streams.activity()).streams).toBe(1_000);
  const refusing = streams.open();
  await streams.clock.advance(300);
  const refused = await refusing;
  expect(refused.response.status).toBe(200);
  expect(refused.events).toEqual([{ event: 'problem', data: expect.stringContaining('"Overloaded"') }]);
  expect(refused.parser.retryMs).toBeGreaterThanOrEqual(10_000);
  expect(refused.ended).toBe(true);

  open[500]?.leave();
  expect((await streams.open()).messageIds).toEqual(['m0']);
});

test('a page request that would wait is a 503 if the execution has no free slot', async () => {
  streams.source.append(message(0));
  await openMany(1_000);
  const authorization = `Bearer ${await streams.key()}`;
  const page = (query: string) =>
    streams.fetch(`/v1/executions/urn%3Atdm%3Astreamed/messages?${query}`, { headers: { authorization } });
  const { cursor } = (await (await page('')).json()) as { cursor: string };
  const refusing = page(`waitTimeSeconds=10&cursor=${cursor}`);
  await streams.clock.advance(300);
  const waiting = await refusing;
  expect(waiting.status).toBe(503);
  expect(waiting.headers.get('retry-after')).toBe('10');
});

test('a key opens streams of one execution only up to its limit, even if all connect at the same time', async () => {
  const apiKey = await streams.key({ streamLimit: 5 });
  streams.source.append(message(0));
  streams.source.hold();
  const connecting = Array.from({ length: 20 }, () => streams.request({ apiKey }));
  await streams.clock.advance(300);
  streams.source.release();
  const bodies = await Promise.all(
    (await Promise.all(connecting)).map(async (response) => {
      const reader = response.body?.getReader();
      const text = new TextDecoder().decode((await reader?.read())?.value);
      return text + new TextDecoder().decode((await reader?.read())?.value);
    }),
  );
  expect(bodies.filter((text) => text.includes('"TooManyStreams"'))).toHaveLength(15);
  expect((await streams.activity()).streams).toBe(5);
  // The key's other executions and other keys are not affected.
  expect((await streams.open({ apiKey, id: 'another' })).messageIds).toEqual(['m0']);
  expect((await streams.open()).messageIds).toEqual(['m0']);
});

test('upstream calls are the same for 1, 10, 100 and 1,000 subscribers, and end when the last subscriber leaves', async () => {
  const counts: number[] = [];
  for (const subscribers of [1, 10, 100, 1_000]) {
    streams = new StreamsUnderTest();
    streams.source.append(message(0));
    const open = await openMany(subscribers);
    streams.source.forgetCalls();
    for (let second = 1; second <= 60; second++) {
      streams.source.append(message(second));
      await streams.clock.advance(1_000);
    }
    counts.push(streams.source.calls.length);
    expect(open.every((stream) => stream.messageIds.length >= 60)).toBe(true);
    expect(streams.source.inFlightMax).toBe(1);

    for (const stream of open) stream.leave();
    await settle();
    streams.source.forgetCalls();
    await streams.clock.advance(120_000);
    expect(streams.source.calls).toHaveLength(0);
    expect(await streams.activity()).not.toHaveProperty('pollIntervalMs');
  }
  expect(new Set(counts)).toEqual(new Set([counts[0]]));
  expect(counts[0]).toBeLessThanOrEqual(67);
});

test('a message is sent within a second while messages arrive seconds apart, and within 15 s after any silence', async () => {
  const stream = await (async () => {
    streams.source.append(message(0));
    return streams.open();
  })();
  for (let n = 1; n <= 9; n++) {
    // The messages are up to 4.6 s apart.
    await streams.clock.advance(400 * n);
    streams.source.append(message(n));
    await streams.clock.advance(1_000);
    expect(stream.messageIds).toHaveLength(n + 1);
  }
  for (const [index, idleMs] of [20_000, 61_000, 300_000].entries()) {
    await streams.clock.advance(idleMs);
    streams.source.append(message(10 + index));
    await streams.clock.advance(15_000);
    expect(stream.messageIds).toHaveLength(11 + index);
  }
});

test('streams free their slots however their clients leave, and leave no timers', async () => {
  streams.source.append(message(0));
  const open = await openMany(30);
  for (const [index, stream] of open.entries()) {
    if (index % 2 === 0) stream.leave();
    else await stream.cancel();
  }
  await streams.clock.advance(HEARTBEAT_MS);
  expect(await streams.activity()).toMatchObject({ streams: 0, waiting: 0 });
  expect(streams.clock.sleepers).toBe(0);
});

test('a client that disconnects before its stream opens uses no slot', async () => {
  streams.source.append(message(0));
  streams.source.hold();
  const left = new AbortController();
  const request = streams.request({}, left.signal);
  await settle();
  expect(await streams.activity()).toMatchObject({ streams: 0, waiting: 1 });
  left.abort();
  streams.source.release();
  await request;
  await streams.clock.advance(1_000);
  expect(await streams.activity()).toMatchObject({ streams: 0, waiting: 0 });
  expect(streams.clock.sleepers).toBe(0);
});
