/**
 * A client of AWS JSON services. It signs and sends requests, retries temporary failures, and classifies the
 * result. A call ends at its time limit, or when the caller's signal aborts. The source (such as
 * things-graph.ts) interprets values and the service's own errors; aws-answer.ts classifies a single answer.
 *
 * Besides the signature's headers, the client sends only content-type and x-amz-target, never a caller's
 * headers.
 */
import type { Clock } from '../../core/clock.ts';
import type { Result, SourceFailure } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import {
  classifyAnswer,
  type AnswerContext,
  type AwsCallFailure,
  type Classification,
} from './aws-answer.ts';
import type { AwsCredentialsProvider } from './aws-credentials.ts';
import { createAwsSigner } from './aws-signature.ts';
import { discardBody, readTextWithin } from './bounded-body.ts';
import { TOO_LATE, withinDeadline } from './deadline.ts';
import { redact } from './redact.ts';

/**
 * Time limit of one attempt, including reading the body. AWS answers within a second; the remaining time
 * allows for a slow network.
 */
export const ATTEMPT_MS_MAX = 10_000;
/** Time limit of a whole call: all attempts and the waits between them. */
export const CALL_MS_MAX = 20_000;
/** Retries after the first attempt. More would add load to an upstream that is throttling. */
export const RETRIES_MAX = 3;
/**
 * Upper bound of the wait before the first retry. The bound doubles with each retry: 100, 200, 400 ms. Each
 * wait is random between 0 and its bound (full jitter).
 */
export const BACKOFF_MS = 100;
/**
 * Size limit of an answer. A page of 250 Things Graph messages is far smaller. Step Functions events with
 * large data can exceed the limit. The Execution then requests a smaller page.
 */
export const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
/**
 * Throttled callers get a random retry time of 1 to this many seconds, so that they do not all return at the
 * same time.
 */
export const RETRY_AFTER_SECONDS_MAX = 5;

/** Size limit of an error's body. A longer body is ignored; status and headers are still used. */
const ERROR_BYTES_MAX = 64 * 1024;

/**
 * The part of the global `fetch` that the sources use. It is never called as a method, so callers can pass
 * the global `fetch` itself.
 */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface AwsJsonClientOptions {
  /** The service name in signatures: `iotthingsgraph`, `states`. */
  readonly service: string;
  readonly region: string;
  readonly endpoint: URL;
  readonly protocolVersion: '1.0' | '1.1';
  /** The prefix of the operation in X-Amz-Target, such as `IotThingsGraphFrontEndService`. */
  readonly targetPrefix: string;
  /** Errors of the service's model that a retry cannot fix. Returned as `aws-error`, with any HTTP status. */
  readonly clientErrors: ReadonlySet<string>;
  readonly credentials: AwsCredentialsProvider;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly log: Log;
}

export interface AwsJsonClient {
  /**
   * Returns the operation's answer as parsed JSON of any shape. Retries throttling, failures inside AWS,
   * timeouts and broken connections; returns any other failure immediately. If `signal` aborts, the failure
   * is `upstream-timeout`. Calls `onAttempt` for each request that it sends.
   */
  call(
    operation: string,
    body: Readonly<Record<string, unknown>>,
    signal?: AbortSignal,
    onAttempt?: () => void,
  ): Promise<Result<unknown, AwsCallFailure>>;
}

export function createAwsJsonClient(options: AwsJsonClientOptions): AwsJsonClient {
  // Destructured: workerd's fetch refuses to be called as a method.
  const { service, region, endpoint, credentials, fetch, clock, random, log } = options;
  const sign = createAwsSigner(service, region);

  async function attempt(
    operation: string,
    body: string,
    signal: AbortSignal,
    onAttempt: (() => void) | undefined,
  ): Promise<Classification> {
    const provided = await credentials();
    if (!provided.ok) return { ...provided, retry: false };
    const { accessKeyId, secretAccessKey, sessionToken = '' } = provided.value;
    const secrets = [secretAccessKey, sessionToken, accessKeyId];
    const headers = await sign(
      {
        url: endpoint,
        headers: {
          'content-type': `application/x-amz-json-${options.protocolVersion}`,
          'x-amz-target': `${options.targetPrefix}.${operation}`,
        },
        body,
      },
      provided.value,
      clock.now(),
    );
    if (signal.aborted) return timedOut(operation);
    onAttempt?.();
    try {
      // Following a 307 would send the session token and the body to another host. `redirect: 'error'` is not
      // an alternative, because it throws on workerd.
      const response = await fetch(endpoint.href, {
        method: 'POST',
        headers,
        body,
        redirect: 'manual',
        signal,
      });
      return await readAnswer(response, signal, {
        operation,
        clientErrors: options.clientErrors,
        secrets,
        retryAfterSeconds: 1 + Math.floor(random() * RETRY_AFTER_SECONDS_MAX),
      });
    } catch (error) {
      const internal = `${operation}: ${redact(networkErrorText(error), secrets)}`;
      return { ok: false, retry: true, failure: { type: 'upstream-internal', internal } };
    }
  }

  return {
    async call(operation, body, signal, onAttempt) {
      const text = JSON.stringify(body);
      const deadline = clock.now() + CALL_MS_MAX;
      for (let attempts = 1; ; attempts++) {
        const ms = Math.min(ATTEMPT_MS_MAX, deadline - clock.now());
        const outcome = await withinDeadline(clock, ms, signal, (inner) =>
          attempt(operation, text, inner, onAttempt),
        );
        const classified = outcome === TOO_LATE ? timedOut(operation) : outcome;
        if (classified.ok) return classified;
        const { failure } = classified;

        const waitMs = Math.floor(random() * BACKOFF_MS * 2 ** (attempts - 1));
        const worthWaiting = attempts <= RETRIES_MAX && clock.now() + waitMs < deadline;
        if (!classified.retry || !worthWaiting || signal?.aborted) return { ok: false, failure };
        log({
          event: 'upstream-retry',
          level: 'warn',
          service,
          operation,
          attempts,
          waitMs,
          failure: failure.type,
          internal: failure.internal,
        });
        await clock.sleep(waitMs, signal);
      }
    },
  };
}

async function readAnswer(
  response: Response,
  signal: AbortSignal,
  context: AnswerContext,
): Promise<Classification> {
  const { operation } = context;
  const { status, headers } = response;
  const final = (failure: SourceFailure): Classification => ({ ok: false, retry: false, failure });
  // An opaque redirect has the status 0.
  if (status < 200 || (status >= 300 && status < 400)) {
    discardBody(response);
    return final({
      type: 'upstream-broken',
      internal: `${operation}: redirected with HTTP ${status}: not followed`,
    });
  }
  const body = await readTextWithin(response, response.ok ? ANSWER_BYTES_MAX : ERROR_BYTES_MAX, signal);
  if (body === undefined && response.ok) {
    return final({
      type: 'upstream-too-large',
      internal: `${operation}: the answer has more than ${ANSWER_BYTES_MAX} bytes`,
    });
  }
  return classifyAnswer({ status, headers, body: body ?? '' }, context);
}

/** Also used if the caller has left: the port has a single failure type for all calls that ended early. */
const timedOut = (operation: string): Classification => ({
  ok: false,
  retry: true,
  failure: { type: 'upstream-timeout', internal: `${operation}: no complete answer within the time limit` },
});

/**
 * `fetch` throws "fetch failed". The reason (such as ECONNRESET or a bad certificate) is in the error's
 * `cause`.
 */
function networkErrorText(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return `connection failed: ${String(error)}${cause instanceof Error ? `, ${String(cause)}` : ''}`;
}
