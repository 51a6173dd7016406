/**
 * Divides a budget between isolates. What an isolate gets is its share: a rate for the polls of the executions that it follows, and
 * single calls for calls that wait (single-calls.ts). The rate is leased for some seconds. The leased rates never exceed the
 * budget; the rest flows into the single calls. No I/O, no clock: budget-object.ts stores the leases.
 */
import { type CallLimits, pollsBudget } from './call-budget.ts';
import { POLLS_PER_INTERVAL } from '../poll-jitter.ts';
import { type Demand, summedDemand } from './demand.ts';
import { type Pace, callsPerSecondAt, pacesOf } from './pacing.ts';
import { type GrantedCalls, SingleCalls, type WaitingCalls } from './single-calls.ts';

/** Lease times: long enough for a few polls each, and short enough to make room for new isolates. */
const SHARE_INTERVALS = 5;
const SHARE_MS_MIN = 10_000;
const SHARE_MS_MAX = 60_000;
/**
 * A lease's rate exceeds what its polls need by this. Without room, polls that coincide would wait for each other, and readers
 * that share their calls with them.
 */
const POLLS_ROOM = 1.1;
/** This part of the budget is never leased: reads may start at any time, and a lease cannot be revoked. */
const KEPT_SHARE = 0.2;
/** A share with less than this of what its polls need ends soon: the isolate requests another one when other leases have shrunk. */
const ENOUGH = 0.9;
/** Requests per second, of all isolates together that got less than their polls need. */
const QUESTIONS_PER_SECOND = 20;
/** While only polls or background work wait. */
const ASK_AGAIN_POLLS_MS_MIN = 1_000;
/** Bounds the stored leases. So many isolates never follow executions at once. */
export const HOLDERS_MAX = 2_000;

export interface ShareRequest {
  /** The isolate's unique name. */
  readonly holder: string;
  readonly limits: CallLimits;
  /** The executions that it follows. */
  readonly demand: Demand;
  readonly waiting: WaitingCalls;
}

export interface Share {
  readonly callsPerSecond: number;
  readonly calls: number;
  /** Calls for polls, in addition to the rate. */
  readonly pollCalls?: number;
  /** See `GrantedCalls`. */
  readonly charged?: GrantedCalls['charged'];
  /** The pace of each tenant's polls. */
  readonly paces: readonly (Pace & { readonly tenant: string })[];
  readonly validMs: number;
  /** No more calls before this time. */
  readonly askAgainMs: number;
  /** Up to two tenants whose readers called lately, anywhere: enough to know for any tenant whether there are others. */
  readonly called: readonly string[];
}

export interface Lease {
  readonly callsPerSecond: number;
  readonly demand: Demand;
  readonly expiresAtMs: number;
}

export interface LeasesOptions {
  readonly nowMs: number;
  readonly limits: CallLimits;
  /** Leases that have not expired. */
  readonly leases?: Iterable<readonly [holder: string, Lease]>;
}

export class Leases {
  readonly #limits: CallLimits;
  readonly #leases: Map<string, Lease>;
  readonly #singleCalls: SingleCalls;

  constructor({ nowMs, limits, leases }: LeasesOptions) {
    this.#limits = limits;
    this.#leases = new Map(leases);
    this.#singleCalls = new SingleCalls(limits, nowMs);
  }

  isWithin({ callsPerSecond, callsAtOnce }: CallLimits): boolean {
    return this.#limits.callsPerSecond === callsPerSecond && this.#limits.callsAtOnce === callsAtOnce;
  }

  get all(): ReadonlyMap<string, Lease> {
    return this.#leases;
  }

  /** A share, and its lease, which the caller stores. */
  share({ holder, demand, waiting }: ShareRequest, nowMs: number): { share: Share; lease: Lease } {
    const { callsPerSecond } = this.#limits;
    this.forgetExpired(nowMs);
    this.#leases.delete(holder);
    const { calls, pollCalls, charged } = this.#singleCalls.grant(holder, waiting, nowMs);
    const others = [...this.#leases.values()];
    const everyone = summedDemand([demand, ...others.map((lease) => lease.demand)]);
    const ofAll = pacesOf(everyone, pollsBudget(callsPerSecond, this.#singleCalls.readersWait));
    const paces = demand.flatMap(([tenant]) => {
      const pace = ofAll.get(tenant);
      return pace ? [{ tenant, ...pace }] : [];
    });
    const fair = callsPerSecondAt(demand, ofAll) * POLLS_PER_INTERVAL;
    const full = this.#leases.size >= HOLDERS_MAX;
    const leased = others.reduce((sum, lease) => sum + lease.callsPerSecond, 0);
    const left = full ? 0 : Math.max(0, callsPerSecond - leased);
    const granted = Math.max(0, Math.min(fair * POLLS_ROOM, left - callsPerSecond * KEPT_SHARE));
    this.#singleCalls.setRate(left - granted, nowMs);
    const pollsAskAgainMs = Math.max(
      ASK_AGAIN_POLLS_MS_MIN,
      (this.#leases.size * 1000) / QUESTIONS_PER_SECOND,
    );
    // An isolate with less than its fair share returns soon, when the others' leases have shrunk.
    const longestMs = Math.max(0, ...paces.map(({ leastMs }) => leastMs));
    const validMs =
      granted < fair * ENOUGH
        ? pollsAskAgainMs
        : Math.min(SHARE_MS_MAX, Math.max(SHARE_MS_MIN, SHARE_INTERVALS * longestMs));
    const lease = { callsPerSecond: granted, demand, expiresAtMs: nowMs + validMs };
    if (!full) this.#leases.set(holder, lease);
    const askAgainMs = this.#singleCalls.askAgainMs(holder) ?? pollsAskAgainMs;
    const { called } = this.#singleCalls;
    return {
      share: { callsPerSecond: granted, calls, pollCalls, charged, paces, validMs, askAgainMs, called },
      lease,
    };
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
