/**
 * Failures as RFC 9457 problems. The exhaustive switch here is the only place where a failure gets its status, its code and
 * its public words; a new failure does not compile until it has them. What each code means and what to do about it stands
 * at /docs/problems. Internal texts stay out (invariant 7). Over 300 lines, because a switch that is to be exhaustive is one.
 */
import { FAILED_AUTHENTICATIONS } from '../access/limits/rate-limit.ts';
import type { Failure, FieldError } from '../core/errors.ts';
import { VARY } from './responses.ts';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** AWS's exception name where one fits. */
  readonly code: string;
  readonly requestId?: string;
  readonly errors?: readonly FieldError[];
  readonly retryAfterSeconds?: number;
}

interface Words {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly errors?: readonly FieldError[];
  readonly retryAfterSeconds?: number;
}

const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="flowtap"' };

/** Where an upstream failure says nothing of when to come back. */
const RETRY_UPSTREAM_SECONDS = 5;

function wordsOf(failure: Failure): Words {
  switch (failure.type) {
    case 'invalid-input':
      return {
        status: 400,
        code: 'InvalidRequestException',
        title: 'Invalid request',
        detail: failure.errors.map(({ name, detail }) => `${name}: ${detail}`).join(' '),
        errors: failure.errors,
      };
    case 'upstream-invalid-request':
    case 'upstream-invalid-token':
      return {
        status: 400,
        code: 'InvalidRequestException',
        title: 'Invalid request',
        detail: 'The upstream service refused the request as invalid. Check the flowExecutionId.',
      };
    case 'conflicting-credentials':
      return {
        status: 400,
        code: 'ConflictingCredentials',
        title: 'Two different credentials',
        detail:
          'The request carries two different credentials. Send one: Authorization: Bearer <key>, or X-API-Key.',
      };
    case 'key-in-url':
      return {
        status: 400,
        code: 'KeyInUrl',
        title: 'API key in the URL',
        detail:
          `The URL carries an API key (${failure.name}). URLs end up in logs and histories: send the key as ` +
          'Authorization: Bearer <key>, and rotate this one.',
      };
    case 'missing-credentials':
      return {
        status: 401,
        code: 'MissingCredentials',
        ...(failure.wanted === 'admin-token'
          ? {
              title: 'No admin token',
              detail:
                'The admin API takes the admin token alone. Send it as Authorization: Bearer <token>; it is the ' +
                'ADMIN_TOKEN that this service was given.',
            }
          : {
              title: 'No API key',
              detail: 'Send an API key as Authorization: Bearer <key> or as X-API-Key.',
            }),
        headers: CHALLENGE,
      };
    case 'invalid-key':
      return {
        status: 401,
        code: 'InvalidApiKey',
        ...(failure.wanted === 'admin-token'
          ? {
              title: 'Wrong admin token',
              detail:
                'This is not the admin token of this service. Send its ADMIN_TOKEN, whole; an API key, whatever it may ' +
                'read, opens nothing here.',
            }
          : {
              title: 'Unknown API key',
              detail:
                'This is not an API key of this service. Check that it was copied whole: ftk_ and 49 more characters.',
            }),
        headers: { 'WWW-Authenticate': 'Bearer realm="flowtap", error="invalid_token"' },
      };
    case 'revoked-key':
      return {
        status: 401,
        code: 'RevokedApiKey',
        title: 'Revoked API key',
        detail: 'This API key was revoked. Ask the operator of this service for a new one.',
        headers: { 'WWW-Authenticate': 'Bearer realm="flowtap", error="invalid_token"' },
      };
    case 'expired-key':
      return {
        status: 401,
        code: 'ExpiredApiKey',
        title: 'Expired API key',
        detail: 'This API key has expired. Ask the operator of this service for a new one.',
        headers: { 'WWW-Authenticate': 'Bearer realm="flowtap", error="invalid_token"' },
      };
    case 'invalid-ticket':
      return {
        status: 401,
        code: 'InvalidTicket',
        title: 'Invalid ticket',
        detail:
          'This ticket was not issued by this service for this execution, or its key is not good any more.',
        headers: CHALLENGE,
      };
    case 'expired-ticket':
      return {
        status: 401,
        code: 'ExpiredTicket',
        title: 'Expired ticket',
        detail: 'This ticket has expired. Ask your back end for a new one.',
        headers: CHALLENGE,
      };
    case 'execution-forbidden':
      return {
        status: 403,
        code: 'AccessDeniedException',
        title: 'Not allowed for this execution',
        detail: 'This credential may not read this execution. GET /v1/key shows which ones it may read.',
      };
    case 'operation-forbidden':
      return { status: 403, code: 'OperationNotAllowed', title: 'Not allowed', detail: failure.detail };
    case 'source-forbidden':
      return {
        status: 403,
        code: 'SourceNotAllowed',
        title: 'Not served here',
        detail: 'This service does not read executions of that AWS account and region.',
      };
    case 'upstream-not-found':
      return {
        status: 404,
        code: 'ResourceNotFoundException',
        title: 'No such execution',
        detail: 'Neither the archive nor the upstream service knows this flowExecutionId.',
      };
    case 'no-such-route':
      return {
        status: 404,
        code: 'NotFound',
        title: 'No such page',
        detail: 'Nothing is served under this path. The API is described at /docs.',
      };
    case 'no-such-record':
      return { status: 404, code: 'NotFound', title: 'Not found', detail: failure.detail };
    case 'method-not-allowed':
      return {
        status: 405,
        code: 'MethodNotAllowed',
        title: 'Method not allowed',
        detail: `This resource takes ${failure.allow.join(', ')}.`,
        headers: { Allow: failure.allow.join(', ') },
      };
    case 'conflict':
      return { status: 409, code: 'Conflict', title: 'Conflict', detail: failure.detail };
    case 'history-changed':
      return {
        status: 410,
        code: 'HistoryChanged',
        title: 'The history is another one',
        detail:
          'The history that this cursor comes from has been replaced. Read again from the start, without a cursor.',
      };
    case 'body-too-large':
      return {
        status: 413,
        code: 'PayloadTooLarge',
        title: 'Body too large',
        detail: `The body of this request may have ${failure.maxBytes} bytes at the most.`,
      };
    case 'unsupported-media-type':
      return {
        status: 415,
        code: 'UnsupportedMediaType',
        title: 'Unsupported media type',
        detail: `Send the body as ${failure.expected}.`,
      };
    case 'rate-limited':
      return {
        status: 429,
        code: 'RateLimitExceeded',
        ...tooManyRequests(failure),
        retryAfterSeconds: failure.retryAfterSeconds,
      };
    case 'too-many-streams':
      return {
        status: 429,
        code: 'TooManyStreams',
        title: 'Too many streams',
        detail:
          'This key has as many streams of this execution open as it may. Close one, or come back later.',
        retryAfterSeconds: failure.retryAfterSeconds,
      };
    case 'internal':
      return {
        status: 500,
        code: 'InternalError',
        title: 'Internal error',
        detail: 'Something went wrong here. The operator finds it in the log under this request id.',
      };
    case 'upstream-internal':
      return {
        status: 502,
        code: 'InternalFailureException',
        title: 'The upstream service failed',
        detail: 'The upstream service could not answer. Try again later.',
        retryAfterSeconds: RETRY_UPSTREAM_SECONDS,
      };
    case 'upstream-broken':
    case 'upstream-too-large':
      return {
        status: 502,
        code: 'BadUpstream',
        title: 'The upstream service can not be used',
        detail:
          'The upstream service gave an answer that can not be used. The operator finds more in the log.',
        retryAfterSeconds: RETRY_UPSTREAM_SECONDS,
      };
    case 'upstream-timeout':
      return {
        status: 504,
        code: 'UpstreamTimeout',
        title: 'The upstream service is too slow',
        detail: 'The upstream service did not answer in time. Try again later.',
        retryAfterSeconds: RETRY_UPSTREAM_SECONDS,
      };
    case 'upstream-throttled':
      return {
        status: 503,
        code: 'ThrottlingException',
        title: 'The upstream service is throttled',
        detail: `The upstream service takes no more requests for now. Come back in ${failure.retryAfterSeconds} s.`,
        retryAfterSeconds: failure.retryAfterSeconds,
      };
    case 'overloaded':
      return {
        status: 503,
        code: 'Overloaded',
        title: failure.lost ? 'Out of reach' : 'Too many readers',
        detail: `${overloadText(failure)} Come back in ${failure.retryAfterSeconds} s.`,
        retryAfterSeconds: failure.retryAfterSeconds,
      };
    case 'store-unavailable':
      return {
        status: 503,
        code: 'StoreUnavailable',
        title: 'The store can not be reached',
        detail: 'The store of this service could not be read or written. Try again.',
        retryAfterSeconds: RETRY_UPSTREAM_SECONDS,
      };
    case 'not-configured':
      return {
        status: 503,
        code: 'NotConfigured',
        title: 'Not configured',
        detail: 'This service is not configured. Its operator finds what is missing in the log.',
      };
  }
}

/** What there was too much of. */
function tooManyRequests({
  because,
  retryAfterSeconds,
}: Extract<Failure, { type: 'rate-limited' }>): Pick<Words, 'title' | 'detail'> {
  if (because === 'wrong-credentials') {
    return {
      title: 'Too many wrong credentials',
      detail:
        `${FAILED_AUTHENTICATIONS.requests} requests with a wrong key, ticket or admin token came from this address ` +
        `within ${FAILED_AUTHENTICATIONS.periodSeconds} s. Correct it, and come back in ${retryAfterSeconds} s.`,
    };
  }
  const what =
    because === 'unverified-keys'
      ? 'Too many requests at once came from this address, with keys that were not seen here before.'
      : 'Too many requests of this key.';
  return { title: 'Too many requests', detail: `${what} Come back in ${retryAfterSeconds} s.` };
}

export function problemOf(failure: Failure, requestId?: string): Problem {
  const { status, code, title, detail, errors, retryAfterSeconds } = wordsOf(failure);
  return {
    type: `/docs/problems#${code}`,
    title,
    status,
    detail,
    code,
    ...(requestId !== undefined && { requestId }),
    ...(errors && { errors }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
}

/** The problem as an answer. 502 and 504 carry no Retry-After: the upstream has not said when. */
export function problemResponse(failure: Failure, requestId: string): Response {
  const problem = problemOf(failure, requestId);
  const { headers, retryAfterSeconds } = wordsOf(failure);
  return new Response(`${JSON.stringify(problem)}\n`, {
    status: problem.status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      Vary: VARY,
      ...((problem.status === 429 || problem.status === 503) &&
        retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) }),
      ...headers,
    },
  });
}

/** For a stream's `problem` event. */
export const problemJson = (failure: Failure): string => JSON.stringify(problemOf(failure));

/**
 * True for what passes by itself. To an event stream that is 200 with a `problem` event and a close, since any other status
 * ends an EventSource for good.
 */
export const passes = (failure: Failure): boolean => problemOf(failure).retryAfterSeconds !== undefined;

/** For people, in both protocols. */
export const overloadText = ({ lost }: { readonly lost?: true }): string =>
  lost
    ? 'What serves this execution is out of reach just now, as during a deployment.'
    : 'This execution has as many readers as it takes just now.';
