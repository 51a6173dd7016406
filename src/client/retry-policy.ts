/**
 * How long a client goes on trying: what is worth another try, how long to wait before it, and when to give up. No I/O: the
 * caller sleeps.
 */
import { FlowtapConnectionError, FlowtapProblem } from './problem.ts';

/** The longest pause of our own; a server may ask for a longer one. */
export const BACKOFF_MS_MAX = 30_000;
/** The first pause where the server has named none. */
export const RETRY_MS_DEFAULT = 1_000;
/** How long a single question is asked again before its caller hears that it can't be answered. */
export const QUESTION_GIVE_UP_MS = 60_000;
/** For following and waiting: longer than a deploy, a throttled upstream or a walk between two buildings. */
export const FOLLOW_GIVE_UP_MS = 10 * 60_000;
/** Clients that were refused together come back spread over this much more than they were told. */
const SPREAD = 0.25;

/** Statuses that pass, whoever answered: ours, or a proxy's during a deploy. */
const PASSING = new Set([408, 425, 429]);

/** Whether another try can help. A service that says it is not set up won't be in a minute. */
export function passes(error: unknown): error is FlowtapProblem | FlowtapConnectionError {
  if (error instanceof FlowtapConnectionError) return true;
  if (!(error instanceof FlowtapProblem) || error.code === 'NotConfigured') return false;
  return error.retryAfterSeconds !== undefined || PASSING.has(error.status) || error.status >= 500;
}

export interface PatienceOptions {
  readonly now: () => number;
  readonly random: () => number;
  /** Failing for this long without one success between is enough. */
  readonly giveUpAfterMs: number;
}

export class Patience {
  readonly #options: PatienceOptions;
  #failures = 0;
  #failingSinceMs = 0;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  /** It works: the next failure is the first one again. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** Milliseconds to wait before the next try. Throws the error itself when there should be none. */
  afterFailure(error: unknown, retryMs = RETRY_MS_DEFAULT): number {
    if (!passes(error)) throw error;
    const { now, random, giveUpAfterMs } = this.#options;
    if (this.#failures === 0) this.#failingSinceMs = now();
    this.#failures++;
    const backoffMs = Math.min(BACKOFF_MS_MAX, retryMs * 2 ** (this.#failures - 1)) * (1 - random() / 2);
    const told = error instanceof FlowtapProblem ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    const waitMs = Math.round(Math.max(backoffMs, told * (1 + random() * SPREAD)));
    // Not worth waiting for a try that would come too late.
    if (now() + waitMs - this.#failingSinceMs > giveUpAfterMs) throw error;
    return waitMs;
  }
}
