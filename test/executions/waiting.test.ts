/** Waiting for an execution that does not exist yet. Here, as in production, each look for it takes time. */
import { expect, test } from 'vitest';

import { type Result, fail, ok } from '../../src/core/errors.ts';
import { type Seen, lookUntilFound } from '../../src/executions/following/waiting.ts';
import { isStillUnknown } from '../../src/executions/unknown-executions.ts';
import { ManualClock } from '../support/manual-clock.ts';

const LOOK_MS = 20;

/** Looks as an Execution does: concurrent callers share a call, and a "not found" is cached. */
function underTest(existsAfterMs: number) {
  const clock = new ManualClock();
  const existsAtMs = clock.now() + existsAfterMs;
  const calls: number[] = [];
  let notFoundAtMs = -Infinity;
  let calling: Promise<boolean> | undefined;
  const call = async () => {
    const atMs = clock.now();
    calls.push(atMs);
    await clock.sleep(LOOK_MS);
    const exists = atMs >= existsAtMs;
    if (!exists) notFoundAtMs = atMs;
    calling = undefined;
    return exists;
  };
  const look = async (): Promise<Seen<string>> => {
    const exists = isStillUnknown(notFoundAtMs, clock.now()) ? false : await (calling ??= call());
    const result: Result<string> = exists ? ok('found') : fail({ type: 'upstream-not-found', internal: '' });
    return { done: true, result };
  };
  return { clock, calls, wait: () => lookUntilFound({ clock, signal: undefined, look }) };
}

test.each([0, 800, 1_500, 3_500, 4_990, 5_000])(
  'an execution that starts to exist after %i ms is found',
  async (existsAfterMs) => {
    const { clock, wait } = underTest(existsAfterMs);
    const looking = wait();
    await clock.advance(10_000);
    expect((await looking).result).toEqual(ok('found'));
  },
);

test('callers that wait together cause three calls, and later callers one in 1.5 s', async () => {
  const together = underTest(Infinity);
  const waiting = Array.from({ length: 50 }, together.wait);
  await together.clock.advance(10_000);
  await Promise.all(waiting);
  expect(together.calls).toHaveLength(3);

  const inSequence = underTest(Infinity);
  for (let n = 0; n < 100; n++) {
    void inSequence.wait();
    await inSequence.clock.advance(100);
  }
  expect(inSequence.calls.length).toBeLessThanOrEqual(Math.ceil(10_000 / 1_500));
});
