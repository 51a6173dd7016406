import { expect, test } from 'vitest';
import { parseJson } from '../../src/core/parse-json.ts';

test('invalid JSON gives undefined, and valid JSON gives its value', () => {
  for (const text of ['', '{', 'undefined', "{'a': 1}", '1 2']) expect(parseJson(text)).toBeUndefined();
  expect(['null', 'false', '0', '""', '[1]'].map(parseJson)).toEqual([null, false, 0, '', [1]]);
});
