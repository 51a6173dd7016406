/**
 * The Execution's loop, as the alarm of a Durable Object runs it: for 30 s or 40 calls, and then again. These
 * tests are about the end of an invocation and the start of the next one. What happens during an invocation
 * is tested in contract.test.ts and limits.test.ts.
 */
import { beforeEach, expect, test } from 'vitest';

import { openWalk, readDescription } from '../../src/compose-sources.ts';
import { createArchiveMemory } from '../../src/archive/archive-memory.ts';
import { Archive } from '../../src/archive/archive.ts';
import { ok } from '../../src/core/errors.ts';
import { EventFrames, createFrameMemory } from '../../src/executions/following/event-frames.ts';
import { Execution } from '../../src/executions/serving/execution.ts';
import { createMemoryExecutionStorage } from '../../src/executions/execution-storage.ts';
import { RunningPages } from '../../src/executions/serving/running-pages.ts';
import { createPageMemory } from '../../src/executions/upstream/page-memory.ts';
import { createPageEncoder } from '../../src/messages/encoded-page.ts';
import { problemJson } from '../../src/http/problem-response.ts';
import type { LogRecord } from '../../src/core/log.ts';
import { readThingsGraphEnding } from '../../src/sources/things-graph/things-graph-ending.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { ScriptedSource } from '../support/scripted-source.ts';
import { testLog } from '../support/secret-search.ts';
import { StreamReader } from '../support/sse-reader.ts';
import { ids, message } from './streams-under-test.ts';

const BOUNDS = { forMs: 30_000, callsMax: 40 };

let clock: ManualClock;
let source: ScriptedSource;
let execution: Execution;
let wakes: number[];
let logged: LogRecord[];
let storageFails: boolean;
beforeEach(() => {
  clock = new ManualClock();
  source = new ScriptedSource();
  wakes = [];
  logged = [];
  storageFails = false;
  const ref = { source: source.name, executionId: 'looped' };
  const log = testLog(logged);
  const random = () => 0.5;
  const storage = createMemoryExecutionStorage();
  execution = new Execution({
    ref,
    source,
    storage: {
      ...storage,
      list: async (prefix) => {
        if (storageFails) throw new Error('storage is gone');
        return storage.list(prefix);
      },
    },
    memory: createPageMemory(),
    pages: new RunningPages(createPageEncoder({ current: new Uint8Array(32) }), clock),
    archive: new Archive({
      store: createMemoryStore({ clock }),
      memory: createArchiveMemory(clock),
      clock,
      log,
      random,
      openWalk,
      readDescription,
    }),
    frames: new EventFrames({
      ref,
      keys: { current: new Uint8Array(32) },
      memory: createFrameMemory(),
      problemJson,
    }),
    clock,
    random,
    log,
    wake: (atMs) => wakes.push(atMs),
    stillAllowed: async () => ok({}),
    readers: { readEnding: readThingsGraphEnding, readParent: () => undefined },
    openWalk,
  });
});

async function open(): Promise<StreamReader> {
  const stream = await execution.subscribe({
    from: { at: 'start' },
    payloads: 'full',
    keyId: 'key',
    tenant: 'tenant',
    grant: {},
    streamLimit: 100,
    totalStreamLimit: 1_000,
  });
  if (!stream.ok || !stream.value) throw new Error(`no stream: ${JSON.stringify(stream)}`);
  const reader = new StreamReader(stream.value);
  void reader.readAll();
  await settle();
  return reader;
}

test('an invocation ends after 30 s and returns when the next one is due, and no message is lost between the two', async () => {
  source.append(message(0));
  const reader = await open();
  let nextMs: number | undefined;
  for (let n = 1; n <= 3; n++) {
    const beganAtMs = clock.now();
    const running = execution.run(BOUNDS);
    await clock.advance(29_000);
    source.append(message(n));
    await clock.advance(1_000);
    nextMs = await running;
    expect(clock.now() - beganAtMs).toBe(30_000);
    expect(nextMs).toBeLessThanOrEqual(clock.now() + 15_000);
  }
  const running = execution.run(BOUNDS);
  await clock.advance(30_000);
  await running;
  expect(reader.messageIds).toEqual(ids(0, 4));
  await reader.cancel();
});

test('an invocation ends early after 40 upstream requests, including retries', async () => {
  source.append(message(0));
  source.conduct = () => ({ attempts: 4 });
  const reader = await open();
  source.forgetCalls();
  const beganAtMs = clock.now();
  let overAtMs = 0;
  const running = execution.run(BOUNDS).then((next) => {
    overAtMs = clock.now();
    return next;
  });
  for (let second = 1; second <= 30; second++) {
    source.append(message(second));
    await clock.advance(1_000);
  }
  expect(await running).toBeDefined();
  expect(source.attempts).toBe(40);
  expect(overAtMs - beganAtMs).toBeLessThan(12_000);
  await reader.cancel();
});

test('an invocation ends immediately when the last listener leaves, and requests no further invocation', async () => {
  source.append(message(0));
  const reader = await open();
  let over = false;
  const running = execution.run(BOUNDS).then((next) => {
    over = true;
    return next;
  });
  await clock.advance(3_000);
  expect(over).toBe(false);
  await reader.cancel();
  await settle();
  expect(over).toBe(true);
  expect(await running).toBeUndefined();
  expect(clock.sleepers).toBe(0);
});

test('streams get their heartbeats while an invocation waits for a hanging call', async () => {
  source.append(message(0));
  const reader = await open();
  source.hold();
  const running = execution.run(BOUNDS);
  await clock.advance(90_000);
  expect(reader.named('heartbeat')).toHaveLength(6);
  source.release();
  await running;
  const again = execution.run(BOUNDS);
  source.append(message(1));
  await clock.advance(30_000);
  await again;
  expect(reader.messageIds).toEqual(ids(0, 2));
  await reader.cancel();
});

test('a listener that arrives while no invocation runs requests one', async () => {
  source.append(message(0));
  const reader = await open();
  expect(wakes.length).toBeGreaterThan(0);
  expect(Math.min(...wakes)).toBeLessThanOrEqual(clock.now() + 1_000);
  await reader.cancel();
});

test('of two concurrent invocations only the first runs', async () => {
  source.append(message(0));
  const reader = await open();
  const first = execution.run(BOUNDS);
  expect(await execution.run(BOUNDS)).toBeUndefined();
  await reader.cancel();
  await first;
});

test('a stream is served even if the first read of the storage fails, and continues when the storage works again', async () => {
  storageFails = true;
  source.append(message(0));
  const reader = await open();
  expect(reader.messageIds).toEqual(['m0']);
  expect(logged.map(({ event }) => event)).toContain('execution-load-failed');
  storageFails = false;
  const running = execution.run(BOUNDS);
  source.append(message(1));
  await clock.advance(5_000);
  expect(reader.messageIds).toEqual(['m0', 'm1']);
  await reader.cancel();
  await running;
});

test('an infinite sleep does not set a timer that fires immediately', async () => {
  const { systemClock } = await import('../../src/core/clock.ts');
  const stop = new AbortController();
  let awake = false;
  const sleeping = systemClock.sleep(Infinity, stop.signal).then(() => {
    awake = true;
  });
  // Uses real timers, because their limit is tested. A delay above that limit would end
  // immediately, before this sleep.
  await systemClock.sleep(5);
  expect(awake).toBe(false);
  stop.abort();
  await sleeping;
});
