/**
 * Divides the part of a budget that is not leased. This part is a token bucket. When an isolate with waiting
 * calls asks, the answer says how many of them may be made now. The order is fair between tenants across all
 * isolates: if the next turn belongs to a tenant that waits in another isolate, a token stays in the bucket
 * until that isolate asks. No I/O, no clock.
 */
import { addTo } from '../../core/counts.ts';
import { TokenBucket } from '../../core/token-bucket.ts';
import { VirtualTime } from '../../core/virtual-time.ts';
import type { CallLimits } from './call-budget.ts';
import { BACKGROUND_EVERY_MS } from './call-queue.ts';

/**
 * The shortest time until an isolate with waiting readers asks again. At usual rates, the next call becomes
 * available later than this.
 */
const ASK_AGAIN_MS_MIN = 50;
/**
 * How long the calls that an isolate reported count as waiting. An isolate whose calls still wait asks again
 * sooner.
 */
const WAITING_MS = 2_000;
/**
 * How long it is remembered that a tenant has called. If a call of another tenant is refused in this time,
 * the reason can be `share-exceeded`. Equals the longest wait of a call.
 */
const CALLED_MS = 10_000;
/**
 * The part of the single calls that polls may use while reads wait. Polls need single calls in isolates whose
 * leases are still too small.
 */
const POLLS_PART = 1 / 2;
/** Maximum number of isolates whose waiting calls are remembered. */
const ISOLATES_MAX = 2_000;

export type TenantCalls = readonly (readonly [tenant: string, calls: number])[];

export interface GrantedCalls {
  readonly calls: number;
  readonly pollCalls: number;
  /** The tenants whose turns were used. The isolate can serve its calls in another order. */
  readonly charged: readonly { readonly tenant: string; readonly calls: number }[];
}

/** The numbers of calls that wait in an isolate. */
export interface WaitingCalls {
  readonly polls: number;
  /**
   * The waiting calls of each tenant's readers. Tenants that are not named individually share the entry
   * OTHERS.
   */
  readonly readers: TenantCalls;
  readonly background: number;
  /** Calls that will probably follow. They are granted only if no other call waits. */
  readonly soon: number;
  /**
   * Corrections of the charges since the last request, as numbers of calls. A retry adds one to its tenant. A
   * call that used another tenant's turn adds one to the tenant that caused it, and subtracts one from the
   * other.
   */
  readonly charges?: TenantCalls;
}

export class SingleCalls {
  readonly #limits: CallLimits;
  readonly #bucket: TokenBucket;
  readonly #polls: TokenBucket;
  readonly #time = new VirtualTime();
  /**
   * The readers' calls that each isolate reported in its last request. The isolate that asked last comes
   * last.
   */
  readonly #waiting = new Map<string, { readonly calls: Map<string, number>; readonly atMs: number }>();
  /** The two tenants that called most recently, with the time of their last call. The latest comes last. */
  readonly #calledAtMs = new Map<string, number>();
  #backgroundAtMs = -Infinity;

  constructor(limits: CallLimits, nowMs: number) {
    this.#limits = limits;
    this.#bucket = new TokenBucket(limits.callsPerSecond, limits.callsAtOnce, nowMs);
    this.#polls = new TokenBucket(
      limits.callsPerSecond * POLLS_PART,
      Math.max(1, limits.callsPerSecond),
      nowMs,
    );
  }

  get readersWait(): boolean {
    return this.#waiting.size > 0;
  }

  /** See `LeaseGrant.called`. */
  get called(): readonly string[] {
    return [...this.#calledAtMs.keys()];
  }

  setRate(callsPerSecond: number, nowMs: number): void {
    this.#bucket.setRate(callsPerSecond, nowMs);
    this.#polls.setRate(callsPerSecond * POLLS_PART, nowMs);
  }

  /**
   * Grants calls to an isolate: first for its polls, then for those of its readers whose turn it is, then for
   * its background work, then for calls that will probably follow.
   */
  grant(
    isolate: string,
    { polls, readers, background, soon, charges = [] }: WaitingCalls,
    nowMs: number,
  ): GrantedCalls {
    this.#forgetOld(nowMs);
    for (const [tenant, calls] of charges) this.#time.chargeLate(tenant, calls);
    const own = new Map(readers);
    for (const tenant of own.keys()) this.#noteCalled(tenant, nowMs);
    this.#waiting.delete(isolate);
    const readsWait = own.size > 0 || this.readersWait;
    const pollsMax = readsWait ? this.#polls.drawUpTo(polls, nowMs) : polls;
    const forPolls = this.#bucket.drawUpTo(pollsMax, nowMs);
    const charged = this.#grantReaders(own, nowMs);
    const forReaders = this.#bucket.drawUpTo(total(charged), nowMs);
    if (own.size > 0 && this.#waiting.size < ISOLATES_MAX)
      this.#waiting.set(isolate, { calls: own, atMs: nowMs });
    const overdue = nowMs >= this.#backgroundAtMs + BACKGROUND_EVERY_MS;
    const backgroundMax = this.readersWait ? Math.min(background, overdue ? 1 : 0) : background;
    const forBackground = this.#bucket.drawUpTo(backgroundMax, nowMs);
    if (forBackground > 0) this.#backgroundAtMs = nowMs;
    const isEnough = !this.readersWait && forBackground >= background;
    const forSoon = isEnough ? this.#bucket.drawUpTo(soon, nowMs) : 0;
    return {
      calls: forReaders + forBackground + forSoon,
      pollCalls: forPolls,
      charged: [...charged].map(([tenant, calls]) => ({ tenant, calls })),
    };
  }

  /**
   * How long an isolate should wait before it asks again. Undefined if no reader waits in it. Let n be the
   * smallest number of isolates in which one of this isolate's tenants waits. The result is the time in which
   * each waiting tenant gets n calls. So a tenant that waits in few isolates is served soon, and all isolates
   * together ask about as often as calls become available.
   */
  askAgainMs(isolate: string): number | undefined {
    const own = this.#waiting.get(isolate);
    if (!own) return undefined;
    const isolatesOfTenant = new Map<string, number>();
    for (const { calls } of this.#waiting.values())
      for (const tenant of calls.keys()) addTo(isolatesOfTenant, tenant, 1);
    const fewest = Math.min(...[...own.calls.keys()].map((tenant) => isolatesOfTenant.get(tenant) ?? 0));
    return Math.max(ASK_AGAIN_MS_MIN, (fewest * isolatesOfTenant.size * 1000) / this.#limits.callsPerSecond);
  }

  /**
   * Grants calls to the isolate's readers, and removes them from `own`. Turns of calls that wait in other
   * isolates are skipped: only a copy of the virtual time counts them. Their tenants are charged when their
   * own isolate asks.
   */
  #grantReaders(own: Map<string, number>, nowMs: number): ReadonlyMap<string, number> {
    const elsewhere = new Map<string, number>();
    for (const { calls } of this.#waiting.values()) {
      for (const [tenant, count] of calls) addTo(elsewhere, tenant, count);
    }
    const ahead = new VirtualTime(this.#time);
    // Resolve ties in the same way for each isolate. Otherwise, each isolate could leave the next call to
    // another one.
    const tenants = this.#time.byLastServed(new Set([...elsewhere.keys(), ...own.keys()]));
    const granted = new Map<string, number>();
    for (let available = this.#bucket.available(nowMs); available > 0 && own.size > 0; available--) {
      const tenant = ahead.first(tenants.filter((name) => elsewhere.has(name) || own.has(name)));
      if (tenant === undefined) break;
      ahead.serve(tenant);
      if (own.has(tenant)) {
        addTo(own, tenant, -1);
        this.#time.serve(tenant);
        addTo(granted, tenant, 1);
      } else addTo(elsewhere, tenant, -1);
    }
    return granted;
  }

  #noteCalled(tenant: string, nowMs: number): void {
    this.#calledAtMs.delete(tenant);
    this.#calledAtMs.set(tenant, nowMs);
    const [oldest] = this.#calledAtMs.keys();
    if (this.#calledAtMs.size > 2 && oldest !== undefined) this.#calledAtMs.delete(oldest);
  }

  #forgetOld(nowMs: number): void {
    for (const [isolate, { atMs }] of this.#waiting) {
      if (atMs + WAITING_MS <= nowMs) this.#waiting.delete(isolate);
    }
    for (const [tenant, atMs] of this.#calledAtMs) {
      if (atMs + CALLED_MS <= nowMs) this.#calledAtMs.delete(tenant);
    }
  }
}

const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);
