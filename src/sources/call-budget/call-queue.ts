/**
 * The calls that wait for their turn within a budget. Polls of followed executions go first, then calls of
 * readers, both fair between tenants (fair-calls.ts), then background work. The calls are plain records,
 * because requests on Workers can share values but not promises. A waiting caller polls `granted`. No I/O, no
 * clock.
 */
import { addTo } from '../../core/counts.ts';
import type { CallOrigin } from '../source.ts';
import { FairCalls } from './fair-calls.ts';

/** While readers wait, background work still gets one call per this interval, so that it does not starve. */
export const BACKGROUND_EVERY_MS = 1_000;
/**
 * Maximum number of waiting calls of each class. Each class is bounded separately, so that reads never make a
 * poll fail.
 */
export const WAITING_MAX = 2_000;

export interface WaitingCall {
  readonly executionId: string;
  readonly sinceMs: number;
  /** The origin that caused the call and is charged for it. */
  readonly origin: CallOrigin;
  /**
   * The origin whose turn the call waits for: at first the same as `origin`. Changes when a caller with a
   * higher priority needs the same call. See `raisePriority`.
   */
  place: CallOrigin;
  granted: boolean;
}

/**
 * The tenant that reads with this call. Undefined if the call is not a read. When a poll needs a read, the
 * read moves to the polls, but still counts as a read of the tenant that caused it.
 */
export const readingTenant = ({ origin, place }: WaitingCall): string | undefined => {
  if (place.class === 'reader') return place.tenant;
  return place.class === 'poll' && origin.class === 'reader' ? origin.tenant : undefined;
};

export interface GrantedCall {
  /** The tenant that pays for the call, if the call is a read. */
  readonly payer: string | undefined;
}

export interface CallQueueOptions {
  /** Maximum number of waiting calls of one tenant. */
  readonly tenantWaitingMax: number;
}

export class CallQueue {
  readonly #options: CallQueueOptions;
  readonly #polls = new FairCalls<WaitingCall>();
  readonly #readers = new FairCalls<WaitingCall>();
  readonly #background = new Set<WaitingCall>();
  #backgroundAtMs = -Infinity;
  /**
   * The two tenants that called most recently, with the time of their last call. Two are enough to know, for
   * any tenant, whether another one has called.
   */
  readonly #calledAtMs = new Map<string, number>();

  constructor(options: CallQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.polls + this.#readers.size + this.background;
  }

  get polls(): number {
    return this.#polls.size;
  }

  get background(): number {
    return this.#background.size;
  }

  /** The number of waiting reads of each tenant, including reads that have moved to the polls. */
  readers(): Map<string, number> {
    const counts = this.#readers.counts();
    for (const call of this.#polls) {
      const tenant = readingTenant(call);
      if (tenant !== undefined) addTo(counts, tenant, 1);
    }
    return counts;
  }

  waitingOf(tenant: string): number {
    return this.#readers.sizeOf(tenant);
  }

  /** Enqueues a call. Returns undefined if the queue of its class, or the tenant's part of it, is full. */
  add(executionId: string, origin: CallOrigin, nowMs: number): WaitingCall | undefined {
    const { tenantWaitingMax } = this.#options;
    if (origin.class === 'reader') this.#noteCall(origin.tenant, nowMs);
    if (this.#callsOf(origin.class).size >= WAITING_MAX) return undefined;
    if (origin.class === 'reader' && this.waitingOf(origin.tenant) >= tenantWaitingMax) return undefined;
    const call: WaitingCall = { executionId, sinceMs: nowMs, origin, place: origin, granted: false };
    this.#enqueue(call);
    return call;
  }

  /** True if readers of another tenant have called since `sinceMs`. */
  othersCalledSince(tenant: string, sinceMs: number): boolean {
    return [...this.#calledAtMs].some(([other, atMs]) => other !== tenant && atMs >= sinceMs);
  }

  #noteCall(tenant: string, nowMs: number): void {
    this.#calledAtMs.delete(tenant);
    this.#calledAtMs.set(tenant, nowMs);
    const [oldest] = this.#calledAtMs.keys();
    if (this.#calledAtMs.size > 2 && oldest !== undefined) this.#calledAtMs.delete(oldest);
  }

  /** Removes a waiting call whose caller has given up. Does nothing if the call was granted. */
  remove(call: WaitingCall): void {
    if (!call.granted) this.#dequeue(call);
  }

  /** Grants the next poll. */
  grantPoll(nowMs: number): GrantedCall | undefined {
    return this.#grant(this.#polls.next(), nowMs);
  }

  /**
   * Grants the next call when polls have used up their part. Reads that a poll also needs go first, then
   * reads of `tenant`, then other reads and background work, then polls.
   */
  grantRead(nowMs: number, tenant?: string): GrantedCall | undefined {
    const raised = [...this.#polls].find((call) => readingTenant(call) !== undefined);
    const [background] = this.#background;
    const overdueAtMs = Math.max(background?.sinceMs ?? 0, this.#backgroundAtMs) + BACKGROUND_EVERY_MS;
    const overdue = nowMs >= overdueAtMs ? background : undefined;
    const read = raised ?? (tenant === undefined ? undefined : this.#readers.next(tenant));
    const next = read ?? overdue ?? this.#readers.next() ?? background ?? this.#polls.next();
    return this.#grant(next, nowMs);
  }

  #grant(call: WaitingCall | undefined, nowMs: number): GrantedCall | undefined {
    if (!call) return undefined;
    this.#dequeue(call);
    call.granted = true;
    if (call.place.class === 'background') this.#backgroundAtMs = nowMs;
    return { payer: this.#chargeServed(call) };
  }

  /**
   * Charges the tenant that caused the call, even if another tenant's turn was used. Returns the tenant that
   * pays, if the call is a read. See `VirtualTime.serve`.
   */
  #chargeServed({ origin, place }: WaitingCall): string | undefined {
    const causer = origin.class === 'reader' ? origin.tenant : undefined;
    if (place.class === 'reader') return this.#readers.serve(place.tenant, causer);
    if (place.class === 'poll') this.#polls.serve(tenantOf(place));
    this.charge(origin);
    return causer;
  }

  /**
   * Charges a call that was made without a turn, such as a retry. The tenant's next call is then served
   * later.
   */
  charge(origin: CallOrigin): void {
    if (origin.class === 'reader') this.#readers.charge(origin.tenant);
  }

  /**
   * Raises the priority of the calls that are queued for this execution, because a caller of this origin
   * needs them, too. If a new call of this origin would be granted earlier than a queued call, the queued
   * call moves to the place of the new one. The tenants that caused the queued calls are still charged.
   */
  raisePriority(executionId: string, origin: CallOrigin): void {
    for (const call of [...this.#polls, ...this.#readers, ...this.#background]) {
      if (call.executionId !== executionId || this.aheadOf(call) <= this.#aheadAt(origin)) continue;
      this.#dequeue(call);
      call.place = origin;
      this.#enqueue(call);
    }
  }

  /** How many calls are granted before this one, if no further calls are added. */
  aheadOf(call: WaitingCall): number {
    return this.#aheadAt(call.place, call);
  }

  /**
   * How many calls are granted before `call` at this place. Without `call`, how many are granted before a new
   * call at this place.
   */
  #aheadAt(place: CallOrigin, call?: WaitingCall): number {
    if (place.class === 'poll') return this.#polls.aheadOf(tenantOf(place), call);
    if (place.class === 'reader') return this.polls + this.#readers.aheadOf(place.tenant, call);
    const index = call ? [...this.#background].indexOf(call) : this.background;
    return this.polls + this.#readers.size + index;
  }

  #callsOf(of: CallOrigin['class']): { readonly size: number } {
    if (of === 'background') return this.#background;
    return of === 'poll' ? this.#polls : this.#readers;
  }

  #enqueue(call: WaitingCall): void {
    const { place } = call;
    if (place.class === 'background') this.#background.add(call);
    else (place.class === 'poll' ? this.#polls : this.#readers).add(tenantOf(place), call);
  }

  #dequeue(call: WaitingCall): void {
    const { place } = call;
    if (place.class === 'background') this.#background.delete(call);
    else (place.class === 'poll' ? this.#polls : this.#readers).delete(tenantOf(place), call);
  }
}

const tenantOf = ({ tenant = '' }: { readonly tenant?: string }): string => tenant;
