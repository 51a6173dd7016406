/**
 * Divides a budget between isolates. Each gets a lease for some seconds: a rate for the polls of the executions that it
 * follows, and single calls for reads. The leased rates never exceed the budget; the rest flows into a bucket of single calls.
 * No I/O, no clock: budget-object.ts stores the leases.
 */
import { CALLS_AT_ONCE, CALLS_PER_SECOND, POLLS_SHARE } from './call-budget.ts';
import { CallBucket } from './bucket.ts';
import { callsPerSecondOf, type Demand, leastIntervalMs } from './pacing.ts';

/** Lease times: long enough for a few polls each, and short enough to make room for new isolates. */
const SHARE_INTERVALS = 4;
const SHARE_MS_MIN = 10_000;
const SHARE_MS_MAX = 60_000;
/** Requests per second, of all isolates together that got less than their fair share. */
const QUESTIONS_PER_SECOND = 20;
const ASK_AGAIN_MS_MIN = 1_000;
/** Bounds the stored leases. So many isolates never follow executions at once. */
export const HOLDERS_MAX = 2_000;

export interface ShareRequest {
  /** The isolate's unique name. */
  readonly holder: string;
  /** The executions that it follows. */
  readonly demand: Demand;
  /** Single calls that wait. */
  readonly calls: number;
}

export interface Share {
  readonly callsPerSecond: number;
  readonly calls: number;
  /** The shortest interval between polls of one execution. */
  readonly pollIntervalMs: number;
  readonly validMs: number;
  /** No more calls before this time. */
  readonly askAgainMs: number;
}

export interface Lease {
  readonly callsPerSecond: number;
  readonly demand: Demand;
  readonly expiresAtMs: number;
}

export interface SharesOptions {
  readonly nowMs: number;
  /** Leases that have not expired. */
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

  /** A share, and its lease, which the caller stores. */
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
    // An isolate with less than its fair share returns soon, when the others' leases have shrunk.
    const validMs =
      granted < fair
        ? askAgainMs
        : Math.min(SHARE_MS_MAX, Math.max(SHARE_MS_MIN, SHARE_INTERVALS * pollIntervalMs));
    const lease = { callsPerSecond: granted, demand, expiresAtMs: nowMs + validMs };
    if (!full) this.#leases.set(holder, lease);
    return { share: { callsPerSecond: granted, calls: single, pollIntervalMs, validMs, askAgainMs }, lease };
  }

  /** Drops expired leases; returns the names of their isolates. */
  forgetExpired(nowMs: number): string[] {
    const expired = [...this.#leases]
      .filter(([, lease]) => lease.expiresAtMs <= nowMs)
      .map(([holder]) => holder);
    for (const holder of expired) this.#leases.delete(holder);
    return expired;
  }
}
