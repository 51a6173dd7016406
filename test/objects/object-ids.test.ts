import { expect, test } from 'vitest';

import { ObjectIds } from '../../src/objects/object-ids.ts';

test('the id of an object is computed once and reused for later requests', () => {
  const made: string[] = [];
  const ids = new ObjectIds((name) => {
    made.push(name);
    return { name };
  });
  const [first, again, other] = ['a', 'a', 'b'].map((key) => ids.of(key));
  expect(again).toBe(first);
  expect(other).not.toEqual(first);
  expect(made).toHaveLength(2);
});
