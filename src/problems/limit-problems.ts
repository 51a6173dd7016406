/**
 * Problems for exceeded limits. A retry helps after some time, or after another stream or request has ended.
 */
import { FAILED_AUTHENTICATIONS, RATE_TIERS } from '../access/limits/rate-limit.ts';
import { AWS_KEY_ADVICE } from './aws-key-advice.ts';
import type { DocumentationOf, FailureOf, ProblemEntries } from './problem-entry.ts';

type RateLimited = FailureOf<'rate-limited'>;

const { standard, high } = RATE_TIERS;

function rateLimitDetail({ because, retryAfterSeconds }: RateLimited): string {
  const retry = `${retryAfterSeconds} s.`;
  if (because === 'wrong-credentials') {
    return (
      `${FAILED_AUTHENTICATIONS.requests} requests with a wrong key, ticket or admin token came from this address ` +
      `within ${FAILED_AUTHENTICATIONS.periodSeconds} s. Correct the credential, and retry in ${retry}`
    );
  }
  return because === 'unverified-keys'
    ? `Too many concurrent requests with unknown keys came from this address. Retry in ${retry}`
    : `This key has sent too many requests. Retry in ${retry}`;
}

function rateLimitAwsMessage(failure: RateLimited): string {
  const detail = rateLimitDetail(failure);
  if (failure.because === 'wrong-credentials') return `${detail} ${AWS_KEY_ADVICE}`;
  if (failure.because === 'unverified-keys') return detail;
  return (
    `${detail} A key may send ${standard.requests} requests in ${standard.periodSeconds} s, ` +
    `or ${high.requests} in the tier "high". Read larger pages (maxResults up to 250), or follow the event stream.`
  );
}

function overloadReason({ lost, reserved }: FailureOf<'overloaded'>): string {
  if (lost) return 'This execution cannot be reached at the moment, for example because of a deployment.';
  return reserved
    ? 'This execution is close to its limit of readers. Its last slots are for callers with fewer than 10 streams and waiting requests.'
    : 'This execution has reached its limit of readers.';
}

const ownRetrySeconds = ({ retryAfterSeconds }: { readonly retryAfterSeconds: number }) => retryAfterSeconds;

export const limitProblems = {
  'rate-limited': {
    code: 'RateLimitExceeded',
    title: ({ because }) =>
      because === 'wrong-credentials' ? 'Too many wrong credentials' : 'Too many requests',
    detail: rateLimitDetail,
    retryAfterSeconds: ownRetrySeconds,
    exception: 'ThrottlingException',
    awsMessage: rateLimitAwsMessage,
  },
  'too-many-streams': {
    code: 'TooManyStreams',
    title: 'Too many streams',
    detail: ({ total, retryAfterSeconds }) =>
      `This key has reached its limit of streams and waiting requests ${total ? 'over all executions' : 'for this execution'}. ` +
      `Close one, or retry in ${retryAfterSeconds} s.`,
    retryAfterSeconds: ownRetrySeconds,
    exception: 'ThrottlingException',
  },
  'upstream-share-exceeded': {
    code: 'UpstreamShareExceeded',
    title: 'Too many reads wait for the upstream service',
    detail: ({ retryAfterSeconds }) =>
      'The keys of this owner have used up their share of calls to the upstream service, which others need, too. ' +
      `Retry in ${retryAfterSeconds} s.`,
    retryAfterSeconds: ownRetrySeconds,
    exception: 'ThrottlingException',
  },
  overloaded: {
    code: 'Overloaded',
    title: ({ lost }) => (lost ? 'Execution temporarily unreachable' : 'Too many readers'),
    detail: (failure) => `${overloadReason(failure)} Retry in ${failure.retryAfterSeconds} s.`,
    retryAfterSeconds: ownRetrySeconds,
    exception: 'ThrottlingException',
  },
} as const satisfies Partial<ProblemEntries>;

export const limitDocumentation: DocumentationOf<typeof limitProblems> = {
  RateLimitExceeded: {
    meaning: 'This key sent too many requests, or this address sent too many wrong credentials.',
    cause:
      'A key may send 100 requests in 10 s, or 1,000 in the high tier. An address may send 30 wrong credentials a minute.',
    action:
      'Retry after the seconds in Retry-After. Instead of polling, wait (waitTimeSeconds) or follow the event stream. If detail names wrong ' +
      'credentials, correct them first.',
    examples: { 'rate-limited': { type: 'rate-limited', retryAfterSeconds: 7 } },
  },
  TooManyStreams: {
    meaning:
      'This key has reached its limit of streams and waiting requests: for this execution (streamLimit), or over all executions ' +
      '(totalStreamLimit).',
    cause:
      'Streams were not closed, or more people read than the key is meant for. A waiting request (waitTimeSeconds) whose ' +
      'caller has disconnected may count until its time is over.',
    action: 'Close some streams, or retry after retryAfterSeconds. The operator can raise the limit.',
    examples: {
      'too-many-streams': { type: 'too-many-streams', retryAfterSeconds: 10 },
    },
  },
  UpstreamShareExceeded: {
    meaning: 'The keys of this owner have used up their share of calls to the upstream service.',
    cause:
      'They read executions that are not archived, or do not exist, faster than AWS allows, while other owners also read. ' +
      'Each owner gets an equal share. A key without an owner gets a share of its own.',
    action:
      'Retry after the seconds in Retry-After. Instead of polling, wait (waitTimeSeconds) or follow the event stream. Neither uses up ' +
      'this share while nothing happens.',
    examples: {
      'upstream-share-exceeded': {
        type: 'upstream-share-exceeded',
        internal: 'for the log',
        retryAfterSeconds: 5,
      },
    },
  },
  Overloaded: {
    meaning: 'This execution has reached its limit of readers, or cannot be reached at the moment.',
    cause:
      'It has 1,000 open streams and waiting requests. Or it has at least 750, and 10 of them belong to keys of this owner. Or a ' +
      'deployment is in progress.',
    action: 'Retry after the seconds in Retry-After.',
    examples: { overloaded: { type: 'overloaded', retryAfterSeconds: 5 } },
  },
};
