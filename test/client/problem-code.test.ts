import { expect, test } from 'vitest';
import { SERVICE_PROBLEM_CODES } from '../../src/client/problem-code.ts';
import { PROBLEM_TEXTS } from '../../src/site/problem-texts.ts';

test('the client knows every code that the service documents, and no other', () => {
  expect([...SERVICE_PROBLEM_CODES].toSorted()).toEqual(PROBLEM_TEXTS.map(({ code }) => code).toSorted());
});
