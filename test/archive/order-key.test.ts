/** Order keys are texts that sort in the order of lists. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  prefixesFrom,
  orderKey,
  positionAfter,
  positionBefore,
  startedAtMsOf,
} from '../../src/archive/order-key.ts';

const anyTimeMs = fc.oneof(
  fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2026, 0, 2) }),
  fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }),
);

describe('order keys', () => {
  test('sort the newest start first, executions without a start time last, and ties by the hash of the id', () => {
    const entry = fc.record({
      ms: fc.option(anyTimeMs, { nil: undefined }),
      id: fc.string({ minLength: 1 }),
    });
    fc.assert(
      fc.property(entry, entry, (a, b) => {
        const [keyOfA = '', keyOfB = ''] = [a, b].map(({ ms, id }) =>
          orderKey(ms === undefined ? undefined : new Date(ms).toISOString(), id),
        );
        const [aMs, bMs] = [a.ms ?? -Infinity, b.ms ?? -Infinity];
        if (aMs !== bMs) expect(keyOfA < keyOfB).toBe(aMs > bMs);
        else expect(keyOfA === keyOfB).toBe(a.id === b.id);
        expect(startedAtMsOf(keyOfA)).toBe(a.ms);
      }),
    );
  });

  test('ignore digits beyond milliseconds, and treat an invalid start time as missing', () => {
    expect(orderKey('2026-01-01T00:00:00.123456Z', 'x')).toBe(orderKey('2026-01-01T00:00:00.123Z', 'x'));
    expect(orderKey('yesterday', 'x')).toBe(orderKey(undefined, 'x'));
  });

  test('after a position each start with exactly one of the prefixes from there, which are sorted', () => {
    const key = fc.tuple(anyTimeMs, fc.string()).map(([ms, id]) => orderKey(new Date(ms).toISOString(), id));
    fc.assert(
      fc.property(key, key, fc.nat(50), (position, later, length) => {
        fc.pre(later > position);
        const prefixes = [...prefixesFrom(position, length)];
        expect(prefixes.toSorted()).toEqual(prefixes);
        expect(prefixes.filter((prefix) => later.startsWith(prefix))).toHaveLength(1);
        for (const prefix of prefixes)
          if (later.startsWith(prefix)) expect(later <= positionAfter(prefix)).toBe(true);
      }),
    );
  });

  test('sort after the position of a time if the execution started then, and before it if it started later', () => {
    const at = Date.UTC(2026, 5, 1);
    expect(positionBefore(at) < orderKey(new Date(at).toISOString(), 'x')).toBe(true);
    expect(positionBefore(at) > orderKey(new Date(at + 1).toISOString(), 'x')).toBe(true);
  });
});
