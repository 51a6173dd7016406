import { expect, test } from 'vitest';
import { parseObject } from '../../src/client/wire/problem.ts';

test.each(['[]', '[{"code":"x"}]', 'null', '"text"', '1', '', '{', '<html>'])(
  'the text %j is not taken for a JSON object',
  (text) => {
    expect(parseObject(text)).toBeUndefined();
  },
);

test('a JSON object is parsed', () => {
  expect(parseObject('{"code":"x"}')).toEqual({ code: 'x' });
});
