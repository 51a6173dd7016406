/**
 * Checks rules of the problem catalogue that its types cannot express: every code is used, examples match their code,
 * and texts are punctuated.
 */
import { expect, test } from 'vitest';
import { problemOf } from '../../src/http/problem-response.ts';
import { PROBLEM_STATUS } from '../../src/problems/problem-codes.ts';
import { problemDocumentation } from '../../src/problems/problem-documentation.ts';

const documented = Object.entries(problemDocumentation);
const examples = documented.flatMap(([code, { examples: ofCode, adminExample }]) =>
  [...Object.values(ofCode), adminExample ?? []].flat().map((failure) => ({ code, failure })),
);

test('every problem code is the answer to some failure', () => {
  expect(Object.keys(PROBLEM_STATUS).filter((code) => !examples.some((each) => each.code === code))).toEqual(
    [],
  );
});

test.each(examples)(
  'the example of $failure.type is documented under the code of its answer',
  ({ code, failure }) => {
    expect(problemOf(failure).code).toBe(code);
  },
);

test.each(examples)(
  'the answer to $failure.type has a title without a full stop and a detail with one',
  ({ failure }) => {
    const { title, detail } = problemOf(failure);
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(detail).toMatch(/\.$/);
  },
);
