/**
 * How a budget is shared out between isolates, each of which has its own bucket: a rate for some seconds, for the polls of the
 * executions that it follows, and single calls for what comes on top. The rates that are out never sum up to more than
 * the budget; what is not given out flows into a bucket that the single calls come from. No I/O, no clock: the
 * object that asks and remembers is call-budget-object.ts.
 */
import { CALLS_AT_ONCE, CALLS_PER_SECOND, POLLS_SHARE } from './call-budget.ts';
import { CallBucket } from './bucket.ts';
import { callsPerSecondOf, type Demand, leastIntervalMs } from './pacing.ts';

/** A share is good for a few polls, so that there is no question for each; and not for long, since others come. */
const SHARE_INTERVALS = 4;
const SHARE_MS_MIN = 10_000;
const SHARE_MS_MAX = 60_000;
/** Questions a second, of all isolates together, of those who got less than is fair. */
const QUESTIONS_PER_SECOND = 20;
const ASK_AGAIN_MS_MIN = 1_000;
/** A bound for what is remembered; more isolates than that follow nothing in earnest. */
export const HOLDERS_MAX = 2_000;

export interface ShareRequest {
  /** One isolate, by a name that no other has. */
  readonly holder: string;
  /** The executions that it follows. */
  readonly demand: Demand;
  /** Single calls that are waited for. */
  readonly calls: number;
}

export interface Share {
  readonly callsPerSecond: number;
  readonly calls: number;
  /** Polls of one execution are at least that far apart. */
  readonly pollIntervalMs: number;
  readonly validMs: number;
  /** Before that there is no more. */
  readonly askAgainMs: number;
}

export interface Lease {
  readonly callsPerSecond: number;
  readonly demand: Demand;
  readonly expiresAtMs: number;
}

export interface SharesOptions {
  readonly nowMs: number;
  /** What is out from before. */
  readonly leases?: Iterable<readonly [holder: string, Lease]>;
  readonly callsPerSecond?: number;
  readonly callsAtOnce?: number;
}

export class CallBudgetShares {
  readonly #callsPerSecond: number;
  readonly #leases: Map<string, Lease>;
  readonly #bucket: CallBucket;

  constructor({
    nowMs,
    leases,
    callsPerSecond = CALLS_PER_SECOND,
    callsAtOnce = CALLS_AT_ONCE,
  }: SharesOptions) {
    this.#callsPerSecond = callsPerSecond;
    this.#leases = new Map(leases);
    this.#bucket = new CallBucket(callsPerSecond, callsAtOnce, nowMs);
  }

  /** A share, and the lease that goes with it, to be remembered. */
  share({ holder, demand, calls }: ShareRequest, nowMs: number): { share: Share; lease: Lease } {
    this.forgetExpired(nowMs);
    this.#leases.delete(holder);
    let outCallsPerSecond = 0;
    const everyone = [...demand];
    for (const lease of this.#leases.values()) {
      outCallsPerSecond += lease.callsPerSecond;
      everyone.push(...lease.demand);
    }
    const pollIntervalMs = Math.ceil(leastIntervalMs(everyone, this.#callsPerSecond * POLLS_SHARE));
    const fair = callsPerSecondOf(demand, pollIntervalMs);
    const full = this.#leases.size >= HOLDERS_MAX;
    const left = full ? 0 : Math.max(0, this.#callsPerSecond - outCallsPerSecond);
    const granted = Math.min(fair, left);
    this.#bucket.setRate(left - granted, nowMs);
    const single = this.#bucket.drawUpTo(calls, nowMs);
    const askAgainMs = Math.max(ASK_AGAIN_MS_MIN, (this.#leases.size * 1000) / QUESTIONS_PER_SECOND);
    // Who gets less than is fair comes again soon: the others then have less.
    const validMs =
      granted < fair
        ? askAgainMs
        : Math.min(SHARE_MS_MAX, Math.max(SHARE_MS_MIN, SHARE_INTERVALS * pollIntervalMs));
    const lease = { callsPerSecond: granted, demand, expiresAtMs: nowMs + validMs };
    if (!full) this.#leases.set(holder, lease);
    return { share: { callsPerSecond: granted, calls: single, pollIntervalMs, validMs, askAgainMs }, lease };
  }

  /** Who did not come again; returns their names. */
  forgetExpired(nowMs: number): string[] {
    const expired = [...this.#leases]
      .filter(([, lease]) => lease.expiresAtMs <= nowMs)
      .map(([holder]) => holder);
    for (const holder of expired) this.#leases.delete(holder);
    return expired;
  }
}
