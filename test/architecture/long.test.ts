import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LONG_TESTS } from '../long.ts';

test('every path in LONG_TESTS is an existing file, because vitest ignores a path that matches nothing', () => {
  expect(LONG_TESTS.filter((file) => !existsSync(new URL(`../../${file}`, import.meta.url)))).toEqual([]);
});
