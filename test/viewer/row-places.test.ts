import fc from 'fast-check';
import { expect, test } from 'vitest';

import { RowPlaces } from '../../src/viewer/grid/row-places.ts';

test('indexAt finds a row by its first and its last pixel', () => {
  const lists = fc.record({
    count: fc.integer({ min: 1, max: 300 }),
    tall: fc.uniqueArray(fc.integer({ min: 0, max: 299 }), { maxLength: 6 }),
    extraPx: fc.integer({ min: 1, max: 900 }),
  });
  fc.assert(
    fc.property(lists, ({ count, tall, extraPx }) => {
      const rows = tall.filter((index) => index < count).toSorted((one, other) => one - other);
      const places = new RowPlaces(
        count,
        30,
        rows.map((index) => ({ index, extraPx })),
      );
      for (let index = 0; index < count; index++) {
        expect(places.indexAt(places.topOf(index))).toBe(index);
        expect(places.indexAt(places.topOf(index + 1) - 1)).toBe(index);
      }
      expect(places.heightPx).toBe(count * 30 + rows.length * extraPx);
    }),
  );
});

test('a position outside the list belongs to the first or the last row', () => {
  const places = new RowPlaces(5, 10);
  expect([places.indexAt(-100), places.indexAt(1e9)]).toEqual([0, 4]);
});
