import { expect, test } from 'vitest';

import { exceptionText, faultText } from '../../src/core/exception-text.ts';

test('the text of an exception contains its name and stack, never its message', () => {
  const error = new TypeError("Invalid URL: 'http://x/?ticket=a-ticket'\n    at a-ticket in lines");
  const text = exceptionText(error);
  expect(text).toMatch(/^TypeError\n +at .*exception-text\.test\.ts/);
  expect(text).not.toMatch(/ticket/);
});

test('for a thrown value that is not an Error, the text names only its type', () => {
  for (const thrown of ['a-ticket', undefined, { ticket: 'x' }]) {
    expect(exceptionText(thrown)).toBe(`thrown: ${typeof thrown}`);
  }
});

test('a fault is logged with its message, unless it is a language error such as a TypeError, whose message might quote a caller', () => {
  expect(faultText(new Error('KV GET failed: 500'))).toBe('Error: KV GET failed: 500');
  const thrown: unknown[] = [new TypeError('a-ticket'), new RangeError('a-ticket'), 'a-ticket'];
  try {
    JSON.parse('a-ticket');
  } catch (error) {
    thrown.push(error);
  }
  expect(thrown).toHaveLength(4);
  for (const error of thrown) expect(faultText(error)).not.toContain('a-ticket');
});
