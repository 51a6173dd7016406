import { expect, test } from 'vitest';

import { exceptionText, faultText } from '../../src/core/exception-text.ts';

test('the text of an exception has its name and where it was thrown, never its message', () => {
  const error = new TypeError("Invalid URL: 'http://x/?ticket=a-ticket'\n    at a-ticket in lines");
  const text = exceptionText(error);
  expect(text).toMatch(/^TypeError\n +at .*exception-text\.test\.ts/);
  expect(text).not.toMatch(/ticket/);
});

test('a thrown value that is not an Error is named by its type', () => {
  for (const thrown of ['a-ticket', undefined, { ticket: 'x' }]) {
    expect(exceptionText(thrown)).toBe(`thrown: ${typeof thrown}`);
  }
});

test('a fault is logged with its message, unless the language threw it: then it is a bug, whose message may quote a caller', () => {
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
