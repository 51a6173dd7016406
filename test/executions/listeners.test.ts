/** Invariant 6, slots and stream lifetimes: what happens to open streams as time passes. */
import { beforeEach, expect, test } from 'vitest';

import { fail, type Failure, ok } from '../../src/core/errors.ts';
import { logNames } from '../../src/core/execution-ref.ts';
import { EventFrames, createFrameMemory } from '../../src/executions/following/event-frames.ts';
import type { StreamRequest } from '../../src/executions/executions.ts';
import { Listeners } from '../../src/executions/following/listeners.ts';
import { STREAM_LIFE_MS } from '../../src/executions/following/stream-watch.ts';
import { KEY_CHECK_MS, KEY_UNKNOWN_MS_MAX } from '../../src/executions/following/stream-key.ts';
import { Subscriber } from '../../src/executions/following/subscriber.ts';
import { problemJson } from '../../src/http/problem-response.ts';
import { startOf } from '../../src/messages/history.ts';
import { historyInChunks } from '../support/histories.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { testLog } from '../support/secret-search.ts';
import { StreamReader } from '../support/sse-reader.ts';

const ref = { source: 'source', executionId: 'execution' };
const start = startOf(ref);
const frames = new EventFrames({
  ref,
  keys: { current: new Uint8Array(32) },
  memory: createFrameMemory(),
  problemJson,
});
const state = { pollIntervalMs: 1_000, upstream: 'ok' } as const;

let clock: ManualClock;
let asked: unknown[];
let refused: Map<string, Failure>;
/** When each key expires, according to the store. */
let endsAtMs: Map<string, number>;
let dueChanged: number;
/** If set, checks of keys hang until the test resolves it. */
let gate: PromiseWithResolvers<void> | undefined;
let random: () => number;
let listeners: Listeners;
beforeEach(() => {
  clock = new ManualClock();
  asked = [];
  refused = new Map();
  endsAtMs = new Map();
  dueChanged = 0;
  gate = undefined;
  random = () => 0.5;
  listeners = new Listeners({
    names: logNames(ref),
    log: testLog(),
    clock,
    random: () => random(),
    checkGrant: async (grant) => {
      asked.push(grant);
      await gate?.promise;
      const failure = refused.get(String(grant));
      const untilMs = endsAtMs.get(String(grant));
      return failure ? fail(failure) : ok({ ...(untilMs !== undefined && { untilMs }) });
    },
    onDueChanged: () => {
      dueChanged++;
    },
    listenersMax: 10,
  });
});

function open(more: Partial<StreamRequest> = {}): StreamReader {
  const request: StreamRequest = {
    from: { at: 'start' },
    payloads: 'full',
    keyId: 'key',
    tenant: 'tenant',
    grant: 'key',
    streamLimit: 100,
    totalStreamLimit: 1_000,
    ...more,
  };
  const subscriber: Subscriber = new Subscriber({
    feed: {
      history: () => historyInChunks([], [1], { complete: false, start: start.fingerprint }),
      settled: () => undefined,
      status: () => 'RUNNING',
      start,
    },
    frames,
    clock,
    random,
    from: start,
    reset: false,
    knownSinceMs: 0,
    payloads: 'full',
    onClose: () => listeners.remove(subscriber),
    onStall: () => undefined,
    onBug: (error) => {
      throw error;
    },
  });
  listeners.add(subscriber, request);
  void subscriber.pump();
  const reader = new StreamReader(subscriber.stream);
  void reader.readAll();
  return reader;
}

/** Advances time as an Execution does, from one due task to the next. */
async function pass(ms: number): Promise<void> {
  const endMs = clock.now() + ms;
  for (let due = listeners.dueAtMs(); due <= endMs; due = listeners.dueAtMs()) {
    await clock.advance(Math.max(0, due - clock.now()));
    listeners.tick(state);
    await settle();
  }
  await clock.advance(endMs - clock.now());
}

test('a key is checked every 30 s, once for all its open streams, and not after they have closed', async () => {
  const readers = [open(), open(), open({ grant: 'other', keyId: 'other' })];
  await pass(KEY_CHECK_MS);
  expect(asked).toEqual(['key', 'other']);
  await pass(KEY_CHECK_MS);
  expect(asked).toHaveLength(4);
  for (const reader of readers) await reader.cancel();
  await pass(10 * KEY_CHECK_MS);
  expect(asked).toHaveLength(4);
  expect(listeners.dueAtMs()).toBe(Infinity);
});

test('a revoked key ends its own streams with a problem, and no streams of other keys', async () => {
  const [mine, other] = [open(), open({ grant: 'other', keyId: 'other' })];
  refused.set('key', { type: 'revoked-key' });
  await pass(KEY_CHECK_MS);
  expect(mine.ended).toBe(true);
  expect(mine.error).toBeUndefined();
  expect(mine.events.at(-1)).toMatchObject({
    event: 'problem',
    data: expect.stringContaining('RevokedApiKey'),
  });
  expect(mine.events.at(-1)?.id).toBeUndefined();
  expect(other.ended).toBe(false);
});

test('all keys are checked concurrently, so a slow answer for one does not delay the others', async () => {
  const many = new Listeners({
    names: logNames(ref),
    log: testLog(),
    clock,
    random,
    checkGrant: async (grant) => {
      asked.push(grant);
      await gate?.promise;
      return ok({});
    },
  });
  listeners = many;
  for (let n = 0; n < 200; n++) open({ grant: `key ${n}`, keyId: `key ${n}` });
  gate = Promise.withResolvers<void>();
  await pass(KEY_CHECK_MS);
  expect(asked).toHaveLength(200);
  gate.resolve();
});

test('an expired ticket ends its stream immediately with a problem', async () => {
  const reader = open({ ticketEndsAtMs: clock.now() + 4_321 });
  await pass(4_320);
  expect(reader.ended).toBe(false);
  await pass(1);
  expect(reader.ended).toBe(true);
  expect(reader.events.at(-1)?.data).toContain('ExpiredTicket');
});

const codeIn = (reader: StreamReader): unknown => JSON.parse(reader.named('problem')[0]?.data ?? '{}').code;

test('extending a key keeps its stream open, and shortening it ends the stream at the new expiry', async () => {
  endsAtMs.set('key', clock.now() + 50_000).set('other', clock.now() + 100_000);
  const extended = open({ keyEndsAtMs: clock.now() + 50_000 });
  const shortened = open({ grant: 'other', keyId: 'other', keyEndsAtMs: clock.now() + 100_000 });
  await pass(20_000);
  endsAtMs.set('other', clock.now() + 12_345);
  await pass(12_344);
  expect(shortened.ended).toBe(false);
  await pass(1);
  expect(codeIn(shortened)).toBe('ExpiredApiKey');
  // The key is extended after the check at 30 s, so only the check just before 50 s can notice it.
  endsAtMs.set('key', clock.now() + 500_000);
  expect(dueChanged).toBeGreaterThan(0);
  await pass(60_000);
  expect(extended.ended).toBe(false);
  endsAtMs.set('key', clock.now() + 31_000);
  await pass(30_999);
  expect(extended.ended).toBe(false);
  await pass(1);
  expect(codeIn(extended)).toBe('ExpiredApiKey');
});

test('a ticket ends its stream on time, even if its key no longer expires or the store hangs', async () => {
  endsAtMs.set('key', clock.now() + 20_000);
  const reader = open({ keyEndsAtMs: clock.now() + 20_000, ticketEndsAtMs: clock.now() + 45_000 });
  await pass(10_000);
  endsAtMs.delete('key');
  await pass(25_000);
  gate = Promise.withResolvers<void>();
  await pass(9_999);
  expect(reader.ended).toBe(false);
  await pass(1);
  expect(codeIn(reader)).toBe('ExpiredTicket');
  gate.resolve();
});

test.each(['fails', 'hangs'])(
  'a store that %s closes streams only after 5 min without an answer about their keys',
  async (how) => {
    const reader = open();
    await pass(2 * KEY_CHECK_MS);
    if (how === 'fails') refused.set('key', { type: 'store-unavailable', internal: 'down' });
    else gate = Promise.withResolvers<void>();
    await pass(KEY_UNKNOWN_MS_MAX - 1);
    expect(reader.ended).toBe(false);
    await pass(1);
    expect(codeIn(reader)).toBe('StoreUnavailable');
    gate?.resolve();
  },
);

test('one successful check keeps a stream open for another 5 min', async () => {
  const reader = open();
  for (let outage = 0; outage < 3; outage++) {
    refused.set('key', { type: 'store-unavailable', internal: 'down' });
    await pass(KEY_UNKNOWN_MS_MAX - 2 * KEY_CHECK_MS);
    refused.clear();
    await pass(KEY_CHECK_MS);
  }
  expect(reader.named('problem')).toEqual([]);
});

test('a damaged key record closes the streams of its key at the next check', async () => {
  const reader = open();
  refused.set('key', { type: 'store-unavailable', internal: 'damaged', refused: true });
  await pass(KEY_CHECK_MS);
  expect(codeIn(reader)).toBe('StoreUnavailable');
});

test('streams live 15 min ± 20 %, so those opened together do not end together', async () => {
  const livesMs: number[] = [];
  for (const at of [0, 0.25, 0.5, 0.75, 0.999]) {
    random = () => at;
    const reader = open();
    const bornAtMs = clock.now();
    while (!reader.ended) await pass(1_000);
    livesMs.push(Math.round((clock.now() - bornAtMs) / 1_000) * 1_000);
    expect(reader.named('problem')).toEqual([]);
  }
  expect(livesMs).toEqual([0.8, 0.9, 1, 1.1, 1.2].map((factor) => Math.round(STREAM_LIFE_MS * factor)));
});

test('open streams and waiting requests both occupy slots of their key', () => {
  const request = { keyId: 'key', tenant: 'tenant', streamLimit: 3 };
  const leave = listeners.wait(request);
  open({ keyId: 'key' });
  expect(listeners.refusal(request)).toBeUndefined();
  listeners.wait(request);
  expect(listeners.refusal(request)).toEqual({ type: 'too-many-streams', retryAfterSeconds: 10 });
  expect(listeners.count).toBe(3);
  leave();
  expect(listeners.refusal(request)).toBeUndefined();
});

test('a probe writes to every stream once, however many refusals ask for a probe at the same time', async () => {
  const silent = open();
  await pass(1_000);
  // This stream has just been written to, but its client might have disconnected since.
  const fresh = open();
  for (let n = 0; n < 100; n++) listeners.probe(state);
  await settle();
  expect(silent.named('heartbeat')).toHaveLength(1);
  expect(fresh.named('heartbeat')).toHaveLength(1);
  await pass(250);
  listeners.probe(state);
  await settle();
  expect(silent.named('heartbeat')).toHaveLength(2);
});

test('closing all streams ends each of them after a complete frame and frees their slots', async () => {
  const readers = [open(), open()];
  listeners.closeAll();
  await settle();
  expect(readers.every(({ ended, error }) => ended && error === undefined)).toBe(true);
  expect(listeners.count).toBe(0);
});
