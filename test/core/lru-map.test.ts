import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { LruMap } from '../../src/core/lru-map.ts';

describe('a bounded map', () => {
  test('evicts the least recently used entry', () => {
    const map = new LruMap<string, number>({ max: 2 });
    map.set('a', 1);
    map.set('b', 2);
    expect(map.get('a')).toBe(1);
    map.set('c', 3);
    expect([...map.keys()]).toEqual(['a', 'c']);
  });

  test('does not count calls of `peek` and `has` as uses', () => {
    const map = new LruMap<string, number>({ max: 2 });
    map.set('a', 1);
    map.set('b', 2);
    expect(map.peek('a')).toBe(1);
    expect(map.has('a')).toBe(true);
    map.set('c', 3);
    expect(map.has('a')).toBe(false);
  });

  test('does not store a value larger than its bound, and deletes the older value of that key', () => {
    const map = new LruMap<string, string>({ maxSize: 5, sizeOf: (value) => value.length });
    map.set('a', 'xx');
    map.set('a', 'xxxxxx');
    expect(map.has('a')).toBe(false);
    map.set('b', 'xxxxx');
    expect(map.get('b')).toBe('xxxxx');
  });

  test('expires an entry at its maximum age, counted from when it was set', () => {
    let now = 0;
    const map = new LruMap<string, number>({ maxAgeMs: 10, now: () => now });
    map.set('a', 1);
    map.set('b', 2, 5);
    now = 5;
    expect([map.get('a'), map.get('b')]).toEqual([1, undefined]);
    now = 9;
    expect([...map.values()]).toEqual([1]);
    now = 10;
    expect([map.get('a'), [...map.keys()]]).toEqual([undefined, []]);
  });

  test('behaves like a list ordered by last use, for any sequence of calls', () => {
    const call = fc.record({
      what: fc.constantFrom('get', 'set', 'delete'),
      key: fc.integer({ min: 0, max: 5 }),
      value: fc.string({ maxLength: 6 }),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
        const map = new LruMap<number, string>({ max: 4, maxSize: 12, sizeOf: (value) => value.length });
        let model: (readonly [number, string])[] = [];
        for (const { what, key, value } of calls) {
          const known = model.find(([other]) => other === key);
          if (what === 'get') expect(map.get(key)).toBe(known?.[1]);
          model = model.filter(([other]) => other !== key);
          if (what === 'get' && known) model.push(known);
          if (what === 'delete') map.delete(key);
          if (what === 'set') {
            map.set(key, value);
            model.push([key, value]);
          }
          while (model.length > 4 || model.reduce((sum, [, { length }]) => sum + length, 0) > 12)
            model.shift();
          expect([...map.keys()]).toEqual(model.map(([kept]) => kept));
        }
      }),
    );
  });
});
