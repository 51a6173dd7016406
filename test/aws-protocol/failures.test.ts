/** The mapping from failures to AWS exceptions. A client decides by the exception whether it retries. */
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../src/core/errors.ts';
import { awsRefusal } from '../../src/http/aws/aws-answer.ts';
import { stepFunctionsDialect } from '../../src/http/aws/step-functions/step-functions-dialect.ts';
import { thingsGraphDialect } from '../../src/http/aws/things-graph/things-graph-dialect.ts';
import { isTransient, problemOf } from '../../src/http/problem-response.ts';

const internal = 'AKIAINTERNAL: what only the operator may read';
const retryAfterSeconds = 7;

/** One failure of each type. If a type is missing, this does not compile. */
const failures: { readonly [Type in Failure['type']]: Extract<Failure, { type: Type }> } = {
  'upstream-invalid-request': { type: 'upstream-invalid-request', internal },
  'upstream-invalid-token': { type: 'upstream-invalid-token', internal },
  'upstream-not-found': { type: 'upstream-not-found', internal },
  'upstream-throttled': { type: 'upstream-throttled', internal, retryAfterSeconds },
  'upstream-internal': { type: 'upstream-internal', internal },
  'upstream-timeout': { type: 'upstream-timeout', internal },
  'upstream-unfinished': { type: 'upstream-unfinished', internal },
  'upstream-too-large': { type: 'upstream-too-large', internal },
  'upstream-broken': { type: 'upstream-broken', internal },
  'source-forbidden': { type: 'source-forbidden', internal },
  'missing-credentials': { type: 'missing-credentials' },
  'conflicting-credentials': { type: 'conflicting-credentials' },
  'key-in-url': { type: 'key-in-url', name: 'key' },
  'invalid-key': { type: 'invalid-key' },
  'revoked-key': { type: 'revoked-key' },
  'expired-key': { type: 'expired-key' },
  'invalid-ticket': { type: 'invalid-ticket' },
  'expired-ticket': { type: 'expired-ticket' },
  'execution-forbidden': { type: 'execution-forbidden' },
  'operation-forbidden': { type: 'operation-forbidden', detail: 'Not this.' },
  'rate-limited': { type: 'rate-limited', retryAfterSeconds },
  'invalid-input': { type: 'invalid-input', errors: [{ in: 'body', name: 'x', detail: 'must be y.' }] },
  'no-such-route': { type: 'no-such-route' },
  'no-such-record': { type: 'no-such-record', detail: 'Not there.' },
  conflict: { type: 'conflict', detail: 'Not now.' },
  'method-not-allowed': { type: 'method-not-allowed', allow: ['POST'] },
  'unsupported-media-type': { type: 'unsupported-media-type', expected: 'application/json' },
  'encoded-body': { type: 'encoded-body' },
  'body-too-large': { type: 'body-too-large', maxBytes: 1 },
  'body-too-slow': { type: 'body-too-slow' },
  'history-changed': { type: 'history-changed' },
  overloaded: { type: 'overloaded', retryAfterSeconds },
  'too-many-streams': { type: 'too-many-streams', retryAfterSeconds },
  'upstream-share-exceeded': { type: 'upstream-share-exceeded', internal, retryAfterSeconds },
  'store-unavailable': { type: 'store-unavailable', internal },
  'not-configured': { type: 'not-configured', internal },
  internal: { type: 'internal', internal },
};

const every: readonly Failure[] = Object.values(failures);
const namedBy =
  ({ exceptionOf }: typeof thingsGraphDialect) =>
  (name: string) =>
    every.filter((failure) => exceptionOf(failure).name === name).map(({ type }) => type);

it('each failure is mapped to the exception that tells a client what to do', () => {
  const named = namedBy(thingsGraphDialect);
  expect({
    InvalidRequestException: named('InvalidRequestException'),
    ResourceNotFoundException: named('ResourceNotFoundException'),
    ThrottlingException: named('ThrottlingException'),
    InternalFailureException: named('InternalFailureException'),
    UnrecognizedClientException: named('UnrecognizedClientException'),
    AccessDeniedException: named('AccessDeniedException'),
    UnknownOperationException: named('UnknownOperationException'),
    SerializationException: named('SerializationException'),
  }).toEqual({
    InvalidRequestException: [
      'upstream-invalid-request',
      'upstream-invalid-token',
      'conflicting-credentials',
      'key-in-url',
      'invalid-input',
      'conflict',
      'body-too-large',
      'body-too-slow',
      'history-changed',
    ],
    ResourceNotFoundException: ['upstream-not-found', 'no-such-record'],
    ThrottlingException: [
      'upstream-throttled',
      'upstream-unfinished',
      'rate-limited',
      'overloaded',
      'too-many-streams',
      'upstream-share-exceeded',
    ],
    InternalFailureException: [
      'upstream-internal',
      'upstream-timeout',
      'upstream-too-large',
      'upstream-broken',
      'store-unavailable',
      'not-configured',
      'internal',
    ],
    UnrecognizedClientException: [
      'missing-credentials',
      'invalid-key',
      'revoked-key',
      'expired-key',
      'invalid-ticket',
      'expired-ticket',
    ],
    AccessDeniedException: ['source-forbidden', 'execution-forbidden', 'operation-forbidden'],
    UnknownOperationException: ['no-such-route', 'method-not-allowed'],
    SerializationException: ['unsupported-media-type', 'encoded-body'],
  });
});

it('Step Functions uses its own exception names for some failures', () => {
  const named = namedBy(stepFunctionsDialect);
  expect({
    ExecutionDoesNotExist: named('ExecutionDoesNotExist'),
    InvalidArn: named('InvalidArn'),
    InvalidToken: named('InvalidToken'),
    ValidationException: named('ValidationException'),
    InvalidRequestException: named('InvalidRequestException'),
  }).toEqual({
    ExecutionDoesNotExist: ['upstream-not-found', 'no-such-record'],
    InvalidArn: ['upstream-invalid-request'],
    InvalidToken: ['upstream-invalid-token', 'history-changed'],
    ValidationException: [
      'conflicting-credentials',
      'key-in-url',
      'invalid-input',
      'conflict',
      'body-too-large',
      'body-too-slow',
    ],
    InvalidRequestException: [],
  });
  const encrypted = { type: 'upstream-broken', internal, awsCode: 'KmsAccessDeniedException' } as const;
  expect(stepFunctionsDialect.exceptionOf(encrypted)).toEqual({
    name: 'KmsAccessDeniedException',
    message: expect.not.stringContaining(internal),
  });
});

describe.each([
  ['Things Graph', thingsGraphDialect],
  ['Step Functions', stepFunctionsDialect],
])('in the protocol of %s', (_, dialect) => {
  const { exceptionOf } = dialect;

  it('AWS clients retry each failure that problem JSON reports as temporary', () => {
    const retried = every.filter((failure) => {
      const { name } = exceptionOf(failure);
      return name === 'ThrottlingException' || awsRefusal(dialect, failure, 'id').status === 500;
    });
    expect(every.filter(isTransient).filter((failure) => !retried.includes(failure))).toEqual([]);
  });

  it('InternalFailureException has status 500, and every other exception 400', () => {
    for (const failure of every) {
      const expected = exceptionOf(failure).name === 'InternalFailureException' ? 500 : 400;
      expect(awsRefusal(dialect, failure, 'id').status).toBe(expected);
    }
  });

  it('no message contains internal text, and each states its retry time, if any, because AWS clients ignore Retry-After', () => {
    for (const failure of every) {
      const { message } = exceptionOf(failure);
      expect(message).toMatch(/^[\w"].*\.$/);
      expect(message).not.toContain('AKIAINTERNAL');
      if ('retryAfterSeconds' in failure) expect(message).toContain('7 s');
    }
  });

  it('exceptions and problem JSON distinguish a full execution from an unreachable one', () => {
    const texts = ([undefined, true] as const).map((lost) => {
      const failure = { type: 'overloaded', retryAfterSeconds, ...(lost && { lost }) } as const;
      return [problemOf(failure, 'id').detail, exceptionOf(failure).message];
    });
    expect(texts).toEqual([
      Array.from({ length: 2 }, () => expect.stringContaining('limit of readers')),
      Array.from({ length: 2 }, () => expect.stringContaining('cannot be reached')),
    ]);
  });
});
