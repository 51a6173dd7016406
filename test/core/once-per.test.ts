import { expect, test } from 'vitest';
import { oncePer } from '../../src/core/once-per.ts';

test('a value is derived once from each object, even if the value is undefined', () => {
  const derivedFrom: object[] = [];
  const nameOf = oncePer((from: { readonly name?: string }) => {
    derivedFrom.push(from);
    return from.name;
  });
  const [ada, other, none] = [{ name: 'Ada' }, { name: 'Ada' }, {}];
  expect([ada, ada, other, none, none].map((from) => nameOf(from))).toEqual([
    'Ada',
    'Ada',
    'Ada',
    undefined,
    undefined,
  ]);
  expect(derivedFrom).toEqual([ada, other, none]);
});
