/** Tests when the loop wakes up. test/streams/run-loop.test.ts tests what an Execution does in the loop. */
import { beforeEach, expect, test } from 'vitest';

import { RunLoop, START_MS_MAX } from '../../src/executions/following/run-loop.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';

let clock: ManualClock;
let dueAtMs: number;
let everyMs: number;
let isNeeded: boolean;
let tickedAtMs: number[];
/** How often the loop asked the task when it is due. */
let asked: number;
let loop: RunLoop;
beforeEach(() => {
  clock = new ManualClock();
  dueAtMs = clock.now() + 10_000;
  isNeeded = true;
  tickedAtMs = [];
  asked = 0;
  everyMs = Infinity;
  const task = {
    dueAtMs: () => {
      asked++;
      return dueAtMs;
    },
    tick: () => {
      tickedAtMs.push(clock.now());
      dueAtMs = clock.now() + everyMs;
    },
  };
  loop = new RunLoop({
    clock,
    load: () => Promise.resolve(),
    isNeeded: () => isNeeded,
    tasks: [task],
    streams: task,
    idle: () => Promise.resolve(),
    onBug: (error) => {
      throw error;
    },
  });
});

const run = () => loop.run({ forMs: 30_000, isSpent: () => false });

test('interrupts do not wake the loop if nothing is due earlier than before', async () => {
  void run();
  await settle();
  const before = asked;
  for (let n = 0; n < 1_000; n++) {
    loop.interrupt();
    await Promise.resolve();
  }
  await settle();
  // Each interrupt asks the task once, and the loop still sleeps.
  expect([asked - before, clock.sleepers]).toEqual([1_000, 1]);
  await clock.advance(10_000);
  expect(tickedAtMs).toEqual([clock.now()]);
});

test('an interrupt wakes the loop in time for a task that is now due earlier', async () => {
  void run();
  await settle();
  dueAtMs = clock.now() + 500;
  loop.interrupt();
  await settle();
  await clock.advance(500);
  expect(tickedAtMs).toEqual([clock.now()]);
});

test('a task that is due every second keeps its pace when the next invocation starts late', async () => {
  const beganAtMs = clock.now();
  dueAtMs = beganAtMs + 1_000;
  everyMs = 1_000;
  void (async () => {
    for (;;) {
      // An invocation of 3,010 ms ends at a different distance from the next due time each round.
      const againAtMs = await loop.run({ forMs: 3_010, isSpent: () => false });
      await clock.sleep((againAtMs ?? Infinity) - clock.now());
      await clock.sleep(START_MS_MAX);
    }
  })();
  await clock.advance(400_000);
  expect(tickedAtMs).toEqual(Array.from({ length: 400 }, (_, n) => beganAtMs + (n + 1) * 1_000));
});

test('an invocation ends on time even if a task is always due', async () => {
  const beganAtMs = clock.now();
  dueAtMs = beganAtMs;
  everyMs = 10;
  const done = run();
  await clock.advance(40_000);
  expect(await done).toBeLessThanOrEqual(beganAtMs + 31_010);
});

test('the loop ends when nobody needs it any more', async () => {
  const done = run();
  await settle();
  isNeeded = false;
  loop.interrupt();
  expect(await done).toBe(dueAtMs);
});
