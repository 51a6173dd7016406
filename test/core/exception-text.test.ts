import { expect, test } from 'vitest';

import { exceptionText } from '../../src/core/exception-text.ts';

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
