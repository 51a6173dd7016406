/**
 * Follows two hundred executions at the same time, for minutes of test time, with real Executions and
 * subscribers and the real source. The emulator throttles as AWS does: with a bucket of 400 calls that refills
 * at 20 a second.
 */
import { expect, test } from 'vitest';
import { openWalk, readDescription } from '../../src/compose-sources.ts';
import { Archive } from '../../src/archive/archive.ts';
import { createArchiveMemory } from '../../src/archive/archive-memory.ts';
import { ok } from '../../src/core/errors.ts';
import { EventFrames, createFrameMemory } from '../../src/executions/following/event-frames.ts';
import { type ExecutionRef, parseExecutionRef } from '../../src/core/execution-ref.ts';
import { createInProcessExecutions } from '../../src/executions/runtimes/in-process.ts';
import { RunningPages } from '../../src/executions/serving/running-pages.ts';
import { createPageMemory } from '../../src/executions/upstream/page-memory.ts';
import { createPageEncoder } from '../../src/messages/encoded-page.ts';
import { problemJson } from '../../src/http/problem-response.ts';
import type { Source } from '../../src/sources/source.ts';
import {
  CALLS_AT_ONCE,
  CALLS_PER_SECOND,
  createCallBudget,
  pollsBudget,
} from '../../src/sources/call-budget/call-budget.ts';
import { withCallBudget } from '../../src/sources/call-budget/budgeted-source.ts';
import { readStepFunctionsEnding } from '../../src/sources/step-functions/step-functions-ending.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { testLog } from '../support/secret-search.ts';
import { arnOf, sourceUnderTest } from './source-under-test.ts';
import { nextRandom } from '../support/seeded-random.ts';

const FOLLOWED = 200;
/** Two upstream pages. The events take a minute and a half. */
const EVENTS = 110;
const EVENT_EVERY_MS = 800;
/** Long after the last execution has ended. */
const TIMEOUT_SECONDS = 300;

/**
 * Follows all executions to their ends. Returns the messages of each stream, and the emulator's statistics at
 * the end of each minute.
 */
async function followCrowd(within: (source: Source, clock: Clock) => Source) {
  const { source: bare, clock, emulator, script, faults } = sourceUnderTest();
  await faults({ throttleBucket: { capacity: 400, refillPerSecond: 20 } });
  const source = within(bare, clock);
  const log = testLog();
  const random = nextRandom;
  const store = createMemoryStore({ clock, oneWritePerSecond: false });
  const archive = new Archive({
    store,
    memory: createArchiveMemory(clock),
    clock,
    log,
    random,
    openWalk,
    readDescription,
  });
  const frames = createFrameMemory();
  const keys = { current: new Uint8Array(32) };
  const executions = createInProcessExecutions({
    memory: createPageMemory(),
    pages: new RunningPages(createPageEncoder(keys), clock),
    archive,
    clock,
    random,
    log,
    stillAllowed: async () => ok({}),
    readers: { readEnding: readStepFunctionsEnding, readParent: () => undefined },
    openWalk,
    forRef: (ref: ExecutionRef) => ({
      source,
      frames: new EventFrames({ ref, keys, memory: frames, problemJson }),
    }),
  });
  const events = [
    { type: 'ExecutionStarted' },
    ...Array.from({ length: EVENTS - 2 }, () => ({ type: 'PassStateEntered' })),
    { type: 'ExecutionSucceeded' },
  ].map((event, index) => ({ ...event, id: index + 1, afterMs: index * EVENT_EVERY_MS }));
  const streams = await Promise.all(
    Array.from({ length: FOLLOWED }, async (_, n) => {
      const executionId = arnOf(`crowd-${n}`);
      await script(executionId, events);
      return readStream(() =>
        executions.stream(parseExecutionRef(executionId), {
          from: { at: 'start' },
          payloads: 'full',
          keyId: 'key',
          tenant: 'tenant',
          grant: {},
          streamLimit: 100,
          totalStreamLimit: 1_000,
        }),
      );
    }),
  );
  const statistics = [];
  const isOver = () => streams.every(({ ended }) => ended);
  for (let second = 1; second <= TIMEOUT_SECONDS && !isOver(); second++) {
    await clock.advance(1_000);
    if (second % 60 === 0) statistics.push(emulator.stats());
  }
  statistics.push(emulator.stats());
  executions.close();
  return { streams, statistics };
}

type Clock = ReturnType<typeof sourceUnderTest>['clock'];

interface Followed {
  readonly ids: string[];
  readonly pollIntervals: number[];
  ended: boolean;
}

function readStream(
  open: () => Promise<{ ok: boolean; value?: ReadableStream<Uint8Array> | undefined }>,
): Followed {
  const followed: Followed = { ids: [], pollIntervals: [], ended: false };
  void (async () => {
    const stream = await open();
    if (!stream.value) throw new Error('no stream');
    let rest = '';
    const decoder = new TextDecoder();
    for await (const bytes of stream.value) {
      const parts = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
      rest = parts.pop() ?? '';
      for (const frame of parts) {
        const event = /^event: (.*)$/m.exec(frame)?.[1];
        const data = JSON.parse(/^data: (.*)$/m.exec(frame)?.[1] ?? 'null');
        if (event === 'end') followed.ended = true;
        if (event === 'heartbeat') followed.pollIntervals.push(data.pollIntervalMs);
        if (event === undefined && data) followed.ids.push(data.messageId);
      }
    }
  })();
  return followed;
}

test('200 followed executions get complete streams, and polls stay within the budget, so AWS hardly throttles', async () => {
  const { streams, statistics } = await followCrowd((source, clock) => {
    const budget = createCallBudget({ clock });
    return withCallBudget(source, () => budget);
  });
  const whole = Array.from({ length: EVENTS }, (_, index) => String(index + 1));
  for (const { ids, ended } of streams) {
    expect(ids).toEqual(whole);
    expect(ended).toBe(true);
  }
  const [first, last] = [statistics[0], statistics.at(-1)];
  const calls = (last?.calls ?? 0) - (first?.calls ?? 0);
  const throttled = (last?.throttled ?? 0) - (first?.throttled ?? 0);
  expect(throttled / calls).toBeLessThanOrEqual(0.01);
  expect(first?.calls).toBeLessThanOrEqual(CALLS_AT_ONCE + CALLS_PER_SECOND * 60);
  // Polls get 75 % of 15 calls per second, less 5 % for jitter, so 200 executions are polled every 18.7 s, as
  // heartbeats report. While the last streams wait to be opened, polls get only 60 %.
  const intervals = streams.flatMap(({ pollIntervals }) => pollIntervals);
  expect(Math.max(...intervals)).toBeGreaterThan(10_000);
  const longestMs = Math.ceil((FOLLOWED * 1000) / pollsBudget(CALLS_PER_SECOND, true).callsPerSecond);
  expect(Math.max(...intervals)).toBeLessThanOrEqual(longestMs);
});
