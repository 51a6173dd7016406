/**
 * Divides a call budget between isolates. Each isolate leases a rate for some seconds, for the polls of the
 * executions that it follows. All leased rates together never exceed the budget. The rest of the budget is
 * granted call by call (single-calls.ts). No I/O, no clock: budget-object.ts stores the leases.
 */
import { type CallLimits, pollsBudget } from './call-budget.ts';
import { POLLS_PER_INTERVAL } from '../poll-jitter.ts';
import { type Demand, summedDemand } from './demand.ts';
import { type Pace, callsPerSecondAt, pacesOf } from './pacing.ts';
import { type GrantedCalls, SingleCalls, type WaitingCalls } from './single-calls.ts';

/**
 * A lease lasts for this many poll intervals, within the bounds below. That is long enough for a few polls of
 * each execution, and short enough to make room for new isolates.
 */
const LEASE_INTERVALS = 5;
const LEASE_MS_MIN = 10_000;
const LEASE_MS_MAX = 60_000;
/**
 * The leased rate is this factor times the rate that the polls need. With exactly the needed rate,
 * simultaneous polls would delay each other and the readers that wait for the polls' results.
 */
const POLLS_ROOM = 1.1;
/**
 * The part of the budget that is never leased, because reads can start at any time and a lease cannot be
 * revoked.
 */
const UNLEASED_PART = 0.2;
/**
 * A lease is too small if its rate is less than this part of the rate that its polls need. Such a lease ends
 * soon. The isolate then asks again, because other leases might have shrunk.
 */
const ENOUGH = 0.9;
/** Requests per second that all isolates together may send because their leases are too small. */
const RETRIES_PER_SECOND = 20;
/** The shortest time until an isolate without waiting readers asks again. */
const ASK_AGAIN_POLLS_MS_MIN = 1_000;
/** Maximum number of stored leases. Far fewer isolates follow executions at the same time. */
export const HOLDERS_MAX = 2_000;

export interface LeaseRequest {
  /** The isolate's unique name. */
  readonly holder: string;
  readonly limits: CallLimits;
  /** The demand of the executions that the isolate follows. */
  readonly demand: Demand;
  readonly waiting: WaitingCalls;
}

export interface LeaseGrant {
  readonly callsPerSecond: number;
  readonly calls: number;
  /** Calls for polls, in addition to the rate. */
  readonly pollCalls?: number;
  /** See `GrantedCalls`. */
  readonly charged?: GrantedCalls['charged'];
  /** The pace of each tenant's polls. */
  readonly paces: readonly (Pace & { readonly tenant: string })[];
  readonly validMs: number;
  /** If no single call was granted, the isolate asks again after this time. */
  readonly askAgainMs: number;
  /**
   * The tenants whose readers called recently, in any isolate. At most two, because two are enough to know,
   * for any tenant, whether another one has called.
   */
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
  /** The stored leases that have not expired. */
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

  /**
   * Replaces the lease of an isolate. Returns the answer for the isolate, and the lease, which the caller
   * must store.
   */
  renew({ holder, demand, waiting }: LeaseRequest, nowMs: number): { grant: LeaseGrant; lease: Lease } {
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
    const granted = Math.max(0, Math.min(fair * POLLS_ROOM, left - callsPerSecond * UNLEASED_PART));
    this.#singleCalls.setRate(left - granted, nowMs);
    const pollsAskAgainMs = Math.max(ASK_AGAIN_POLLS_MS_MIN, (this.#leases.size * 1000) / RETRIES_PER_SECOND);
    const longestMs = Math.max(0, ...paces.map(({ leastMs }) => leastMs));
    const validMs =
      granted < fair * ENOUGH
        ? pollsAskAgainMs
        : Math.min(LEASE_MS_MAX, Math.max(LEASE_MS_MIN, LEASE_INTERVALS * longestMs));
    const lease = { callsPerSecond: granted, demand, expiresAtMs: nowMs + validMs };
    if (!full) this.#leases.set(holder, lease);
    const askAgainMs = this.#singleCalls.askAgainMs(holder) ?? pollsAskAgainMs;
    const { called } = this.#singleCalls;
    return {
      grant: { callsPerSecond: granted, calls, pollCalls, charged, paces, validMs, askAgainMs, called },
      lease,
    };
  }

  /** Drops expired leases. Returns the names of the isolates that held them. */
  forgetExpired(nowMs: number): string[] {
    const expired = [...this.#leases]
      .filter(([, lease]) => lease.expiresAtMs <= nowMs)
      .map(([holder]) => holder);
    for (const holder of expired) this.#leases.delete(holder);
    return expired;
  }
}
