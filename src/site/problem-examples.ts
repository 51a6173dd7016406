/**
 * Examples of problems and AWS exceptions. The code that answers real requests makes them from the documented
 * failures.
 */
import { thingsGraphDialect } from '../http/aws/things-graph/things-graph-dialect.ts';
import { problemOf, type Problem } from '../http/problem-response.ts';
import type { ServiceProblemCode } from '../problems/problem-codes.ts';
import { problemDocumentation } from '../problems/problem-documentation.ts';
import { REQUEST_ID_EXAMPLE } from './example-values.ts';

const documented = Object.values(problemDocumentation);
const failures = documented.flatMap(({ examples }) => Object.values(examples));
const adminFailures = documented.flatMap(({ adminExample }) => adminExample ?? []);

/** A map in which the first value of each name wins. */
const firstByName = <N extends string, V>(entries: readonly (readonly [N, V])[]): ReadonlyMap<N, V> =>
  new Map(entries.toReversed());

const problemsByCode = (of: typeof failures): ReadonlyMap<ServiceProblemCode, Problem> =>
  firstByName(
    of
      .map((failure) => problemOf(failure, REQUEST_ID_EXAMPLE))
      .map((problem) => [problem.code, problem] as const),
  );

const examples = problemsByCode(failures);
const adminExamples = problemsByCode(adminFailures);

export function problemExample(code: ServiceProblemCode): Problem {
  const found = examples.get(code);
  if (!found) throw new RangeError(`Cannot show the problem '${code}': no failure has this code`);
  return found;
}

const shown = (value: Problem) => ({ summary: value.title, value });

/** The members of `components/examples`, to which responses refer. */
export const problemExampleComponents = Object.fromEntries([
  ...[...examples].map(([code, value]) => [code, shown(value)] as const),
  ...[...adminExamples].map(([code, value]) => [`Admin.${code}`, shown(value)] as const),
]);

/** A reference to the example of this code. For some codes, the admin API has an example of its own. */
export const problemExampleRef = (code: ServiceProblemCode, admin = false) => ({
  $ref: `#/components/examples/${admin && adminExamples.has(code) ? 'Admin.' : ''}${code}`,
});

/** Example bodies of all exceptions of Things Graph's protocol, by the exception's name. */
export const exceptionExamples: ReadonlyMap<string, { __type: string; message: string }> = firstByName(
  [
    { name: 'SerializationException', message: 'maxResults: must be a whole number.' },
    ...failures.map((failure) => thingsGraphDialect.exceptionOf(failure)),
  ].map(({ name, message }) => [name, { __type: name, message }] as const),
);
