/** The watch closes streams that no loop serves: those of archived histories. */
import { expect, test } from 'vitest';

import { ok } from '../../src/core/errors.ts';
import {
  STREAM_LIFE_MS,
  STREAM_LIFE_MS_MAX,
  StreamWatch,
} from '../../src/executions/following/stream-watch.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testLog } from '../support/secret-search.ts';

/**
 * Opens a stream for each of these random numbers, which set its lifetime. Returns after how many milliseconds
 * each stream was closed, and with which failure.
 */
async function closings(lives: readonly number[], keyEndsAfterMs?: number) {
  const clock = new ManualClock();
  const openedAtMs = clock.now();
  const randoms = [...lives];
  const watch = new StreamWatch({
    names: { execution: 'urn:tdm:flow' },
    clock,
    random: () => randoms.shift() ?? 0,
    log: testLog(),
    checkGrant: async () => ok(keyEndsAfterMs === undefined ? {} : { untilMs: openedAtMs + keyEndsAfterMs }),
  });
  const closed: (readonly [ms: number, failure: string | undefined])[] = [];
  for (const _ of lives) {
    const stream = {
      close: (failure?: { type: string }) => {
        watch.remove(stream);
        closed.push([clock.now() - openedAtMs, failure?.type]);
      },
    };
    const keyEndsAtMs = keyEndsAfterMs === undefined ? undefined : openedAtMs + keyEndsAfterMs;
    watch.add(stream, { grant: 'key', ...(keyEndsAtMs !== undefined && { keyEndsAtMs }) });
  }
  const watched = watch.watchUntilClosed();
  for (let second = 0; second <= STREAM_LIFE_MS_MAX / 1000; second++) await clock.advance(1000);
  await watched;
  return closed;
}

test('each stream ends without a failure at the end of its own lifetime, and the watch ends with the last stream', async () => {
  expect(await closings([0, 1, 0.5])).toEqual([
    [STREAM_LIFE_MS * 0.8, undefined],
    [STREAM_LIFE_MS, undefined],
    [STREAM_LIFE_MS_MAX, undefined],
  ]);
});

test('a key that expires before its streams end closes them with expired-key', async () => {
  expect(await closings([0, 1], 60_000)).toEqual([
    [60_000, 'expired-key'],
    [60_000, 'expired-key'],
  ]);
});
