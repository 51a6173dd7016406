/**
 * Time inside workerd that a test moves. The Worker there takes `systemClock`, in the isolate of the test: this replaces its two
 * methods until `vi.restoreAllMocks()`. Each sleeper looks at the time again and again, in the request that it belongs to, because
 * workerd refuses that one request continues another's work.
 */
import { vi } from 'vitest';

import { systemClock } from '../../src/core/clock.ts';
import { STORE_TIMEOUT_MS } from '../../src/archive/archive.ts';
import { ATTEMPT_MS_MAX } from '../../src/sources/aws/aws-json.ts';

const LOOK_MS = 1;
/** Time limits of work on a store or the upstream. Such work takes real time, so time stands still until it is done. */
const LIMITS_MS: readonly number[] = [STORE_TIMEOUT_MS, ATTEMPT_MS_MAX];

export interface TestTime {
  /** Runs the work, and whenever it only waits, moves time to the next end of a sleep. */
  pass<T>(work: Promise<T>): Promise<T>;
}

/** From now on, time stands still. */
export function stopTime(): TestTime {
  let nowMs = Date.now();
  const { sleep } = systemClock;
  const sleepers = new Set<{ readonly atMs: number; readonly isLimit: boolean }>();
  vi.spyOn(systemClock, 'now').mockImplementation(() => nowMs);
  vi.spyOn(systemClock, 'sleep').mockImplementation(async (ms, signal) => {
    const sleeper = { atMs: nowMs + ms, isLimit: LIMITS_MS.includes(ms) };
    sleepers.add(sleeper);
    while (nowMs < sleeper.atMs && signal?.aborted !== true) await sleep(LOOK_MS, signal);
    sleepers.delete(sleeper);
  });
  return {
    async pass(work) {
      const done = new AbortController();
      const result = work.finally(() => done.abort());
      while (!done.signal.aborted) {
        await sleep(LOOK_MS, done.signal);
        const waiting = [...sleepers];
        if (waiting.length === 0 || waiting.some(({ isLimit }) => isLimit)) continue;
        nowMs = Math.max(nowMs, Math.min(...waiting.map(({ atMs }) => atMs)));
      }
      return result;
    },
  };
}
