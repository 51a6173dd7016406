import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  type TimeRange,
  fitsBeforeEnd,
  fractionOf,
  lengthOf,
  movedTo,
  ticksOf,
  wholeRange,
  zoomed,
} from '../../src/viewer/timeline/time-range.ts';

const WHOLE = wholeRange(1_000, 101_000);

test('zooming keeps the time under the pointer in its place', () => {
  const near = zoomed(WHOLE, 4, 41_000, WHOLE);
  expect(lengthOf(near)).toBe(25_000);
  expect(fractionOf(near, 41_000)).toBeCloseTo(fractionOf(WHOLE, 41_000));
});

test('a range stays within the whole and is never empty, however it is zoomed and moved', () => {
  const changes = fc.array(
    fc.tuple(fc.double({ min: 0.01, max: 100, noNaN: true }), fc.integer({ min: -1e6, max: 1e6 })),
  );
  fc.assert(
    fc.property(changes, (steps) => {
      let range: TimeRange = WHOLE;
      for (const [factor, ms] of steps) {
        range = movedTo(zoomed(range, factor, range.startMs, WHOLE), ms, WHOLE);
        expect(range.startMs).toBeGreaterThanOrEqual(WHOLE.startMs);
        expect(range.endMs).toBeLessThanOrEqual(WHOLE.endMs + 1e-6);
        expect(lengthOf(range)).toBeGreaterThan(0);
      }
    }),
  );
});

test('the range of an execution with a duration of 0 is not empty', () => {
  expect(fractionOf(wholeRange(5, 5), 5)).toBe(0);
});

test.each<[lengthMs: number, labels: readonly string[]]>([
  [40, ['0', '10 ms', '20 ms', '30 ms', '40 ms']],
  [2_000, ['0', '500 ms', '1 s', '1.5 s', '2 s']],
  [25_000, ['0', '10 s', '20 s']],
  [100_000, ['0', '30 s', '1 min', '1 min 30 s']],
  [500_000, ['0', '3 min', '6 min']],
  [6 * 3_600_000, ['0', '2 h', '4 h', '6 h']],
  [4 * 86_400_000, ['0', '24 h', '48 h', '72 h', '96 h']],
])('an axis of %i ms has round labels', (lengthMs, labels) => {
  expect(ticksOf(wholeRange(0, lengthMs), 0, 4).map(({ label }) => label)).toEqual(labels);
});

test('the labels of a zoomed range count from the start of the execution', () => {
  const ticks = ticksOf({ startMs: 61_000, endMs: 71_000 }, 1_000, 5);
  expect(ticks.map(({ ms, label }) => [ms, label])).toEqual([
    [61_000, '1 min'],
    [63_000, '1 min 2 s'],
    [65_000, '1 min 4 s'],
    [67_000, '1 min 6 s'],
    [69_000, '1 min 8 s'],
    [71_000, '1 min 10 s'],
  ]);
});

test('a label fits after its line only if there is room before the end of the axis', () => {
  const range = { startMs: 0, endMs: 1_000 };
  const fits = (ms: number, widthPx: number): boolean =>
    fitsBeforeEnd(range, { ms, label: '10 min' }, widthPx);
  expect(fits(900, 500)).toBe(true);
  expect(fits(900, 400)).toBe(false);
  expect(fits(950, 1_000)).toBe(true);
  expect(fits(1_000, 1_000)).toBe(false);
});
