/**
 * Divides a budget between isolates. Each gets a lease for some seconds: a rate for the polls of the executions that it
 * follows, and single calls for reads. The leased rates never exceed the budget; the rest flows into a bucket of single calls,
 * which isolates get in the order that is fair between tenants, wherever their calls wait. No I/O, no clock: budget-object.ts
 * stores the leases.
 */
import { type CallLimits, pollsBudget } from './call-budget.ts';
import { TokenBucket } from '../../core/token-bucket.ts';
import { POLLS_PER_INTERVAL } from '../poll-jitter.ts';
import { BACKGROUND_EVERY_MS } from './call-queue.ts';
import { type Demand, type Pace, callsPerSecondAt, pacesOf, summedDemand } from './pacing.ts';
import { VirtualTime } from '../../core/virtual-time.ts';

/** Lease times: long enough for a few polls each, and short enough to make room for new isolates. */
const SHARE_INTERVALS = 5;
const SHARE_MS_MIN = 10_000;
const SHARE_MS_MAX = 60_000;
/**
 * A lease's rate exceeds what its polls need by this. Without room, polls that coincide would wait for each other, and readers
 * that share their calls with them.
 */
const POLLS_ROOM = 1.1;
/** There is no such room in this share of the budget: it is kept for reads. */
const KEPT_SHARE = 0.05;
/** Requests per second, of all isolates together that got less than their polls need. */
const QUESTIONS_PER_SECOND = 20;
/** While readers wait. Less than a call's time at the usual rates. */
const ASK_AGAIN_MS_MIN = 50;
/** While only polls or background work wait. */
const ASK_AGAIN_POLLS_MS_MIN = 1_000;
/** Bounds the stored leases. So many isolates never follow executions at once. */
export const HOLDERS_MAX = 2_000;
/** How long the waiting calls that an isolate reported count as waiting there: it asks again sooner, or they are gone. */
const WAITING_MS = 2_000;
/** After a tenant's calls waited last, others are refused for its sake. As long as a call waits. */
const CALLED_MS = 10_000;

/** Calls that wait in an isolate. */
export interface WaitingCalls {
  readonly polls: number;
  /** Of each tenant's readers; of all beyond a bound together. */
  readonly readers: readonly (readonly [tenant: string, calls: number])[];
  readonly background: number;
  /** Calls that are likely to follow: granted only if nobody else waits. */
  readonly soon: number;
}

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

export interface SharesOptions {
  readonly nowMs: number;
  readonly limits: CallLimits;
  /** Leases that have not expired. */
  readonly leases?: Iterable<readonly [holder: string, Lease]>;
}

export class CallBudgetShares {
  readonly #limits: CallLimits;
  readonly #leases: Map<string, Lease>;
  readonly #bucket: TokenBucket;
  readonly #time = new VirtualTime();
  /** The calls that isolates had waiting when they asked last. The one that asked last comes last. */
  readonly #waiting = new Map<string, { readonly calls: Map<string, number>; readonly atMs: number }>();
  /** When tenants called last. The tenant that called last comes last. */
  readonly #calledAtMs = new Map<string, number>();
  #backgroundAtMs = -Infinity;

  constructor({ nowMs, limits, leases }: SharesOptions) {
    this.#limits = limits;
    this.#leases = new Map(leases);
    this.#bucket = new TokenBucket(limits.callsPerSecond, limits.callsAtOnce, nowMs);
  }

  isWithin({ callsPerSecond, callsAtOnce }: CallLimits): boolean {
    return this.#limits.callsPerSecond === callsPerSecond && this.#limits.callsAtOnce === callsAtOnce;
  }

  get leases(): ReadonlyMap<string, Lease> {
    return this.#leases;
  }

  /** A share, and its lease, which the caller stores. */
  share({ holder, demand, waiting }: ShareRequest, nowMs: number): { share: Share; lease: Lease } {
    const { callsPerSecond } = this.#limits;
    this.forgetExpired(nowMs);
    this.#leases.delete(holder);
    const calls = this.#grantCalls(holder, waiting, nowMs);
    const readsWait = this.#waiting.size > 0;
    let outCallsPerSecond = 0;
    for (const lease of this.#leases.values()) outCallsPerSecond += lease.callsPerSecond;
    const everyone = summedDemand([demand, ...[...this.#leases.values()].map((lease) => lease.demand)]);
    const ofAll = pacesOf(everyone, pollsBudget(callsPerSecond, readsWait));
    const paces = demand.flatMap(([tenant]) => {
      const pace = ofAll.get(tenant);
      return pace ? [{ tenant, ...pace }] : [];
    });
    const fair = callsPerSecondAt(demand, ofAll) * POLLS_PER_INTERVAL;
    const full = this.#leases.size >= HOLDERS_MAX;
    const left = full ? 0 : Math.max(0, callsPerSecond - outCallsPerSecond);
    const withRoom = Math.min(fair * POLLS_ROOM, left - callsPerSecond * KEPT_SHARE);
    const granted = Math.min(left, Math.max(fair, withRoom));
    this.#bucket.setRate(left - granted, nowMs);
    const pollsAskAgainMs = Math.max(
      ASK_AGAIN_POLLS_MS_MIN,
      (this.#leases.size * 1000) / QUESTIONS_PER_SECOND,
    );
    // An isolate with less than its fair share returns soon, when the others' leases have shrunk.
    const longestMs = Math.max(0, ...paces.map(({ leastMs }) => leastMs));
    const validMs =
      granted < fair
        ? pollsAskAgainMs
        : Math.min(SHARE_MS_MAX, Math.max(SHARE_MS_MIN, SHARE_INTERVALS * longestMs));
    const lease = { callsPerSecond: granted, demand, expiresAtMs: nowMs + validMs };
    if (!full) this.#leases.set(holder, lease);
    const askAgainMs = this.#readersAskAgainMs(holder) ?? pollsAskAgainMs;
    const called = [...this.#calledAtMs.keys()].slice(-2);
    return { share: { callsPerSecond: granted, calls, paces, validMs, askAgainMs, called }, lease };
  }

  /** Drops expired leases; returns the names of their isolates. */
  forgetExpired(nowMs: number): string[] {
    const expired = [...this.#leases]
      .filter(([, lease]) => lease.expiresAtMs <= nowMs)
      .map(([holder]) => holder);
    for (const holder of expired) this.#leases.delete(holder);
    for (const [holder, { atMs }] of this.#waiting) {
      if (atMs + WAITING_MS <= nowMs) this.#waiting.delete(holder);
    }
    for (const [tenant, atMs] of this.#calledAtMs) {
      if (atMs + CALLED_MS <= nowMs) this.#calledAtMs.delete(tenant);
    }
    return expired;
  }

  /**
   * Single calls for an isolate: for its polls, then for its readers as far as it is their turn, then for its background work.
   * Turns that belong to calls which wait elsewhere stay in the bucket.
   */
  #grantCalls(holder: string, { polls, readers, background, soon }: WaitingCalls, nowMs: number): number {
    const own = new Map(readers);
    for (const tenant of own.keys()) this.#called(tenant, nowMs);
    this.#waiting.delete(holder);
    const forPolls = this.#bucket.drawUpTo(polls, nowMs);
    const forReaders = this.#grantReaders(own, nowMs);
    this.#bucket.drawUpTo(forReaders, nowMs);
    if (own.size > 0 && this.#waiting.size < HOLDERS_MAX)
      this.#waiting.set(holder, { calls: own, atMs: nowMs });
    const readersWait = this.#waiting.size > 0;
    const overdue = nowMs >= this.#backgroundAtMs + BACKGROUND_EVERY_MS;
    const backgroundMax = readersWait ? Math.min(background, overdue ? 1 : 0) : background;
    const forBackground = this.#bucket.drawUpTo(backgroundMax, nowMs);
    if (forBackground > 0) this.#backgroundAtMs = nowMs;
    const forSoon = readersWait || forBackground < background ? 0 : this.#bucket.drawUpTo(soon, nowMs);
    return forPolls + forReaders + forBackground + forSoon;
  }

  /**
   * When the calls that flow in suffice for a call of one of the isolate's tenants in each isolate where that tenant waits. So a
   * tenant with few calls returns soon, and all together return as often as there are calls. Undefined: no reader waits there.
   */
  #readersAskAgainMs(holder: string): number | undefined {
    const own = this.#waiting.get(holder);
    if (!own) return undefined;
    const holders = new Map<string, number>();
    for (const { calls } of this.#waiting.values())
      for (const tenant of calls.keys()) addTo(holders, tenant, 1);
    const fewest = Math.min(...[...own.calls.keys()].map((tenant) => holders.get(tenant) ?? 0));
    return Math.max(ASK_AGAIN_MS_MIN, (fewest * holders.size * 1000) / this.#limits.callsPerSecond);
  }

  /** Removes what it grants from `own`. Serves a copy of the time for others: they are charged when they ask. */
  #grantReaders(own: Map<string, number>, nowMs: number): number {
    const elsewhere = new Map<string, number>();
    for (const { calls } of this.#waiting.values()) {
      for (const [tenant, count] of calls) addTo(elsewhere, tenant, count);
    }
    const ahead = new VirtualTime(this.#time);
    let granted = 0;
    for (let available = this.#bucket.available(nowMs); available > 0 && own.size > 0; available--) {
      const tenant = ahead.first([...elsewhere.keys(), ...own.keys()]);
      if (tenant === undefined) break;
      ahead.serve(tenant);
      if (own.has(tenant)) {
        addTo(own, tenant, -1);
        this.#time.serve(tenant);
        granted++;
      } else addTo(elsewhere, tenant, -1);
    }
    return granted;
  }

  #called(tenant: string, nowMs: number): void {
    this.#calledAtMs.delete(tenant);
    this.#calledAtMs.set(tenant, nowMs);
    const [oldest] = this.#calledAtMs.keys();
    if (this.#calledAtMs.size > 2 && oldest !== undefined) this.#calledAtMs.delete(oldest);
  }
}

function addTo(counts: Map<string, number>, tenant: string, count: number): void {
  const sum = (counts.get(tenant) ?? 0) + count;
  if (sum > 0) counts.set(tenant, sum);
  else counts.delete(tenant);
}
