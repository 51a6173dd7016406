/** When the loop wakes up; what an Execution does in it is in test/streams/run-loop.test.ts. */
import { beforeEach, expect, test } from 'vitest';

import { RunLoop } from '../../src/executions/following/run-loop.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';

let clock: ManualClock;
let dueAtMs: number;
let isNeeded: boolean;
let tickedAtMs: number[];
/** How often the loop asked when the task is due. */
let asked: number;
let loop: RunLoop;
beforeEach(() => {
  clock = new ManualClock();
  dueAtMs = clock.now() + 10_000;
  isNeeded = true;
  tickedAtMs = [];
  asked = 0;
  const task = {
    dueAtMs: () => {
      asked++;
      return dueAtMs;
    },
    tick: () => {
      tickedAtMs.push(clock.now());
      dueAtMs = Infinity;
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

test('a thousand changes do not wake the loop if nothing is due earlier', async () => {
  void run();
  await settle();
  const before = asked;
  for (let n = 0; n < 1_000; n++) {
    loop.interrupt();
    await Promise.resolve();
  }
  await settle();
  // One question each, and no round of the loop.
  expect([asked - before, clock.sleepers]).toEqual([1_000, 1]);
  await clock.advance(10_000);
  expect(tickedAtMs).toEqual([clock.now()]);
});

test('a change that is due earlier is done in time', async () => {
  void run();
  await settle();
  dueAtMs = clock.now() + 500;
  loop.interrupt();
  await settle();
  await clock.advance(500);
  expect(tickedAtMs).toEqual([clock.now()]);
});

test('the loop ends when nobody needs it any more', async () => {
  const done = run();
  await settle();
  isNeeded = false;
  loop.interrupt();
  expect(await done).toBe(dueAtMs);
});
