/** Waiting for an unknown execution, on a clock on which looks take time. */
import { expect, test } from 'vitest';

import { type Result, fail, ok } from '../../src/core/errors.ts';
import { UNKNOWN_PATIENCE_MS, type Seen, lookPatiently } from '../../src/executions/following/waiting.ts';
import { ManualClock } from '../support/manual-clock.ts';

const LOOK_MS = 20;
/** Greatest age of an answer: a failure is remembered for this long. */
const REMEMBERED_MS = 1_000;

test.each([0, 800, 3_500, 4_200, 4_600, 4_990, 5_000])(
  'an execution that is created after %i ms is found',
  async (existsAfterMs) => {
    const clock = new ManualClock();
    const beganAtMs = clock.now();
    let asked = { atMs: -Infinity, exists: false };
    const look = async (): Promise<Seen<string>> => {
      if (clock.now() - asked.atMs >= REMEMBERED_MS) {
        await clock.sleep(LOOK_MS);
        asked = { atMs: clock.now(), exists: clock.now() >= beganAtMs + existsAfterMs };
      }
      const result: Result<string> = asked.exists
        ? ok('found')
        : fail({ type: 'upstream-not-found', internal: '' });
      return { done: true, result };
    };
    const looking = lookPatiently({ clock, signal: undefined, look }, UNKNOWN_PATIENCE_MS);
    await clock.advance(10_000);
    expect((await looking).result).toEqual(ok('found'));
  },
);
