import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LONG_TESTS } from '../long.ts';

test('every long test is a file: vitest ignores a pattern that matches nothing', () => {
  expect(LONG_TESTS.filter((file) => !existsSync(new URL(`../../${file}`, import.meta.url)))).toEqual([]);
});
