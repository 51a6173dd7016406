/**
 * Decides whether a failed request is retried, after which pause, and when the client gives up. No I/O: the
 * caller sleeps.
 */
import { FlowtapConnectionError, FlowtapProblem } from './wire/problem.ts';

/** The longest pause that the client chooses itself. A server can ask for a longer one. */
export const BACKOFF_MS_MAX = 30_000;
/** The first pause, if the server has not named one. */
export const RETRY_MS_DEFAULT = 1_000;
/** How long a single request (a page, a summary) is retried. */
export const REQUEST_GIVE_UP_MS = 60_000;
/**
 * How long following and waiting are retried. Outlasts a deployment, a throttled upstream or a short loss of
 * network.
 */
export const FOLLOW_GIVE_UP_MS = 10 * 60_000;
/**
 * Jitter on top of a server's Retry-After, so that clients that were refused together do not retry together.
 */
const JITTER = 0.25;

/** Temporary statuses below 500, from Flowtap or from a proxy during a deployment. */
const TRANSIENT_STATUSES = new Set([408, 425, 429]);

/** True if a retry can help. It cannot help with NotConfigured, although that is a 503. */
export function isTransient(error: unknown): error is FlowtapProblem | FlowtapConnectionError {
  if (error instanceof FlowtapConnectionError) return true;
  if (!(error instanceof FlowtapProblem) || error.code === 'NotConfigured') return false;
  return error.retryAfterSeconds !== undefined || TRANSIENT_STATUSES.has(error.status) || error.status >= 500;
}

export interface RetryPolicyOptions {
  readonly now: () => number;
  /** Returns 0 ≤ x < 1. */
  readonly random: () => number;
  /** Give up after failing for this long without a success. */
  readonly giveUpAfterMs: number;
}

export class RetryPolicy {
  readonly #options: RetryPolicyOptions;
  #failures = 0;
  #failingSinceMs = 0;

  constructor(options: RetryPolicyOptions) {
    this.#options = options;
  }

  /** Resets backoff and deadline. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** Milliseconds to wait before the retry. Throws the error itself if there should be no retry. */
  afterFailure(error: unknown, retryMs = RETRY_MS_DEFAULT): number {
    if (!isTransient(error)) throw error;
    const { now, random, giveUpAfterMs } = this.#options;
    if (this.#failures === 0) this.#failingSinceMs = now();
    this.#failures++;
    const backoffMs = Math.min(BACKOFF_MS_MAX, retryMs * 2 ** (this.#failures - 1)) * (1 - random() / 2);
    const askedMs = error instanceof FlowtapProblem ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    const waitMs = Math.round(Math.max(backoffMs, askedMs * (1 + random() * JITTER)));
    // Do not wait for a retry that would come after the deadline.
    if (now() + waitMs - this.#failingSinceMs > giveUpAfterMs) throw error;
    return waitMs;
  }
}
