/**
 * Examples of problems and AWS exceptions, made by the very code that answers with them: one failure of each type, and what
 * http/ says of it. A failure that is new does not compile until it has its example.
 */
import { awsException, type ExceptionName } from '../http/aws/exceptions.ts';
import { problemOf, type Problem } from '../http/problem.ts';
import { REQUEST_ID_EXAMPLE } from './example-values.ts';
import { PROBLEM_TEXTS } from './problem-texts.ts';

type Failure = Parameters<typeof problemOf>[0];
type Unreadable = Exclude<Parameters<typeof awsException>[0], Failure>;
type Samples = { readonly [T in Failure['type']]: Extract<Failure, { readonly type: T }> };

const internal = 'for the log';

/** In the order of what an example shows where several have one code: the first one. */
const samples: Samples = {
  'invalid-input': {
    type: 'invalid-input',
    errors: [{ in: 'query', name: 'maxResults', detail: 'must be a whole number from 1 to 250.' }],
  },
  'upstream-invalid-request': { type: 'upstream-invalid-request', internal },
  'upstream-invalid-token': { type: 'upstream-invalid-token', internal },
  'conflicting-credentials': { type: 'conflicting-credentials' },
  'key-in-url': { type: 'key-in-url', name: 'key' },
  'missing-credentials': { type: 'missing-credentials' },
  'invalid-key': { type: 'invalid-key' },
  'revoked-key': { type: 'revoked-key' },
  'expired-key': { type: 'expired-key' },
  'invalid-ticket': { type: 'invalid-ticket' },
  'expired-ticket': { type: 'expired-ticket' },
  'execution-forbidden': { type: 'execution-forbidden' },
  'operation-forbidden': { type: 'operation-forbidden', detail: 'This key may not mint tickets.' },
  'source-forbidden': { type: 'source-forbidden', internal },
  'upstream-not-found': { type: 'upstream-not-found', internal },
  'no-such-record': { type: 'no-such-record', detail: 'There is no such key.' },
  'no-such-route': { type: 'no-such-route' },
  'method-not-allowed': { type: 'method-not-allowed', allow: ['GET', 'HEAD', 'OPTIONS'] },
  conflict: { type: 'conflict', detail: 'The key is revoked, which is for good: create another one.' },
  'history-changed': { type: 'history-changed' },
  'body-too-large': { type: 'body-too-large', maxBytes: 65_536 },
  'unsupported-media-type': { type: 'unsupported-media-type', expected: 'application/json' },
  'rate-limited': { type: 'rate-limited', retryAfterSeconds: 7 },
  'too-many-streams': { type: 'too-many-streams', retryAfterSeconds: 30 },
  internal: { type: 'internal', internal },
  'upstream-internal': { type: 'upstream-internal', internal },
  'upstream-broken': { type: 'upstream-broken', internal },
  'upstream-too-large': { type: 'upstream-too-large', internal },
  'upstream-timeout': { type: 'upstream-timeout', internal },
  'upstream-throttled': { type: 'upstream-throttled', internal, retryAfterSeconds: 5 },
  overloaded: { type: 'overloaded', retryAfterSeconds: 5 },
  'store-unavailable': { type: 'store-unavailable', internal },
  'not-configured': { type: 'not-configured', internal },
};

/** The admin API's own words for the same code. */
const ofAdmin: readonly Failure[] = [
  { type: 'missing-credentials', wanted: 'admin-token' },
  { type: 'invalid-key', wanted: 'admin-token' },
];

/** By code: of the first failure that has it. */
const examplesOf = (failures: readonly Failure[]): ReadonlyMap<string, Problem> =>
  new Map(
    failures
      .map((failure) => problemOf(failure, REQUEST_ID_EXAMPLE))
      .toReversed()
      .map((problem) => [problem.code, problem]),
  );

const examples = examplesOf(Object.values(samples));
const examplesOfAdmin = examplesOf(ofAdmin);

export function problemExample(code: string): Problem {
  const found = examples.get(code);
  if (!found) throw new RangeError(`Cannot show the problem '${code}': no failure has it`);
  return found;
}

const shown = (value: Problem) => ({ summary: value.title, value });

/** Where it would be an answer, a stream says it in an event, whose example is its own. */
const IN_STREAMS_ONLY = 'TooManyStreams';

/** `components/examples`: shown in many answers, told once. */
export const problemExampleComponents = Object.fromEntries([
  ...[...examples]
    .filter(([code]) => code !== IN_STREAMS_ONLY)
    .map(([code, value]) => [code, shown(value)] as const),
  ...[...examplesOfAdmin].map(([code, value]) => [`Admin.${code}`, shown(value)] as const),
]);

/** What an answer with this code refers to; the admin API has words of its own for some. */
export const problemExampleRef = (code: string, admin = false) => ({
  $ref: `#/components/examples/${admin && examplesOfAdmin.has(code) ? 'Admin.' : ''}${code}`,
});

/** What a code means. */
export function problemMeaning(code: string): string {
  const text = PROBLEM_TEXTS.find((each) => each.code === code);
  if (!text) throw new RangeError(`Cannot tell what the problem '${code}' means: no text has it`);
  return text.meaning;
}

const unreadable: Unreadable = { type: 'unreadable-input', detail: 'maxResults: must be a whole number.' };
const inAnAwsCall: Failure = {
  type: 'invalid-input',
  errors: [{ in: 'body', name: 'maxResults', detail: 'must be a whole number from 1 to 250.' }],
};

/** Every exception of the AWS protocol, by its name, as its body says it. */
export const exceptionExamples: ReadonlyMap<ExceptionName, { __type: string; message: string }> = new Map(
  [unreadable, ...Object.values({ ...samples, 'invalid-input': inAnAwsCall })]
    .map((failure) => awsException(failure))
    // The first failure that has the name stays.
    .toReversed()
    .map(({ name, message }) => [name, { __type: name, message }]),
);
