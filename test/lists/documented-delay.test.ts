/**
 * Compares the poll intervals of live lists that docs/http-api.md states with those that the budget of list calls
 * allows.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { POLL_INTERVAL_MAX_MS } from '../../src/executions/following/pacer.ts';
import { LIST_INTERVAL_MIN_MS } from '../../src/lists/live/list-poller.ts';
import {
  LISTS_PER_SECOND,
  LISTS_PER_SECOND_ELSEWHERE,
} from '../../src/sources/call-budget/budgeted-listing.ts';
import { createCallBudget } from '../../src/sources/call-budget/call-budget.ts';
import { ManualClock } from '../support/manual-clock.ts';

const DOCS = readFileSync(new URL('../../docs/http-api.md', import.meta.url), 'utf8');
const rows = [...DOCS.matchAll(/^\| +(\d+) \| +([\d.]+) s \| +([\d.]+) s \|$/gm)].map(
  ([, flows, large, elsewhere]) => [Number(flows), Number(large), Number(elsewhere)] as const,
);

/**
 * Returns the longest poll interval if this many flows are followed, both for lists that keep changing and for lists
 * that never change.
 */
function intervalSeconds(flows: number, callsPerSecond: number): number {
  const intervals = [LIST_INTERVAL_MIN_MS, POLL_INTERVAL_MAX_MS].map((wantedMs) => {
    const budget = createCallBudget({ clock: new ManualClock(), callsPerSecond, callsAtOnce: 50 });
    const paceAll = () =>
      Array.from({ length: flows }, (_, n) => budget.pace(`flow ${n}`, wantedMs, ['tenant']));
    paceAll();
    return Math.max(...paceAll());
  });
  return Math.max(...intervals) / 1_000;
}

describe('the documented interval of live lists', () => {
  test('is in the table for 1, 5, 10 and 50 followed flows', () => {
    expect(rows.map(([flows]) => flows)).toEqual([1, 5, 10, 50]);
  });

  test.each(rows)(
    'for %i followed flows is at least the actual interval, and exceeds it by about 5 % at most',
    (flows, large, elsewhere) => {
      for (const [callsPerSecond, documented] of [
        [LISTS_PER_SECOND, large],
        [LISTS_PER_SECOND_ELSEWHERE, elsewhere],
      ] as const) {
        const interval = intervalSeconds(flows, callsPerSecond);
        expect(interval).toBeLessThanOrEqual(documented);
        expect(interval).toBeGreaterThan(0.95 * documented);
      }
    },
  );
});
