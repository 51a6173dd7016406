/**
 * The calls that wait for a turn within a budget, and their order: polls of followed executions first, then calls of readers,
 * fair by tenant (virtual-time.ts), then background work. The calls are plain records, because requests on Workers can share
 * values but not promises: a waiting call checks `granted`. No I/O, no clock.
 */
import { addTo } from '../../core/counts.ts';
import type { CallOrigin } from '../source.ts';
import { VirtualTime } from '../../core/virtual-time.ts';

/** While readers wait, background work gets one call per this interval, so that it does not starve. */
export const BACKGROUND_EVERY_MS = 1_000;
/** Waiting calls of each class, at most. Apart, so that readers never make a poll fail. */
export const WAITING_MAX = 2_000;

export interface WaitingCall {
  readonly executionId: string;
  readonly sinceMs: number;
  /** Who caused it, and is charged for it. */
  readonly origin: CallOrigin;
  /** Where it stands in line. Changes if a caller with a higher priority needs the same execution: see `raisePriority`. */
  place: CallOrigin;
  granted: boolean;
}

/** The tenant whose reads it counts as. A call that a poll needs, too, still counts as a read of the tenant that caused it. */
export const readingTenant = ({ origin, place }: WaitingCall): string | undefined => {
  if (place.class === 'reader') return place.tenant;
  return place.class === 'poll' && origin.class === 'reader' ? origin.tenant : undefined;
};

export interface CallQueueOptions {
  /** Bounds the waiting calls of one tenant. */
  readonly tenantWaitingMax: number;
}

export class CallQueue {
  readonly #options: CallQueueOptions;
  readonly #polls = new Set<WaitingCall>();
  /** By tenant; no set is empty. The tenant that has waited longest comes first. */
  readonly #readers = new Map<string, Set<WaitingCall>>();
  readonly #background = new Set<WaitingCall>();
  readonly #time = new VirtualTime();
  #size = 0;
  #backgroundAtMs = -Infinity;
  /** The newest call of each of the last two tenants: enough to tell any tenant whether others called. */
  readonly #calledAtMs = new Map<string, number>();

  constructor(options: CallQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  get polls(): number {
    return this.#polls.size;
  }

  get background(): number {
    return this.#background.size;
  }

  #sizeOf(of: CallOrigin['class']): number {
    if (of === 'reader') return this.#size - this.polls - this.background;
    return of === 'poll' ? this.polls : this.background;
  }

  /** Waiting calls that count as reads of each tenant. */
  readers(): Map<string, number> {
    const counts = new Map([...this.#readers].map(([tenant, calls]) => [tenant, calls.size]));
    for (const call of this.#polls) {
      const tenant = readingTenant(call);
      if (tenant !== undefined) addTo(counts, tenant, 1);
    }
    return counts;
  }

  waitingOf(tenant: string): number {
    return this.#readers.get(tenant)?.size ?? 0;
  }

  /** Undefined: the queue, or the tenant's part of it, is full. */
  add(executionId: string, origin: CallOrigin, nowMs: number): WaitingCall | undefined {
    const { tenantWaitingMax } = this.#options;
    if (origin.class === 'reader') this.#noteCall(origin.tenant, nowMs);
    if (this.#sizeOf(origin.class) >= WAITING_MAX) return undefined;
    if (origin.class === 'reader' && this.waitingOf(origin.tenant) >= tenantWaitingMax) return undefined;
    const call: WaitingCall = { executionId, sinceMs: nowMs, origin, place: origin, granted: false };
    this.#enqueue(call);
    return call;
  }

  /** True if readers of another tenant have called since then. */
  othersCalledSince(tenant: string, sinceMs: number): boolean {
    return [...this.#calledAtMs].some(([other, atMs]) => other !== tenant && atMs >= sinceMs);
  }

  #noteCall(tenant: string, nowMs: number): void {
    this.#calledAtMs.delete(tenant);
    this.#calledAtMs.set(tenant, nowMs);
    const [oldest] = this.#calledAtMs.keys();
    if (this.#calledAtMs.size > 2 && oldest !== undefined) this.#calledAtMs.delete(oldest);
  }

  /** The caller has left. */
  remove(call: WaitingCall): void {
    if (!call.granted) this.#dequeue(call);
  }

  /** Grants the next call. Returns the tenant that pays for it, if it is one. Undefined: no call waits. */
  grantNext(nowMs: number): { readonly payer: string | undefined } | undefined {
    const call = this.#next(nowMs);
    if (!call) return undefined;
    this.#dequeue(call);
    call.granted = true;
    if (call.place.class === 'background') this.#backgroundAtMs = nowMs;
    return { payer: this.#chargeServed(call) };
  }

  /** The tenant that caused the call pays, also if the call is served at the turn of another one. See `VirtualTime.serve`. */
  #chargeServed({ origin, place }: WaitingCall): string | undefined {
    const causer = origin.class === 'reader' ? origin.tenant : undefined;
    if (place.class === 'reader') return this.#time.serve(place.tenant, causer);
    this.charge(origin);
    return causer;
  }

  /** Counts a retry like a call: the tenant's next call starts later. */
  charge(origin: CallOrigin): void {
    if (origin.class === 'reader') this.#time.charge(origin.tenant);
  }

  /**
   * A caller of this origin waits for the result of calls that others have queued for the execution. If a new call of this origin
   * would be granted earlier, they move to its position. Those who caused them are still charged for them.
   */
  raisePriority(executionId: string, origin: CallOrigin): void {
    const waiting = [
      ...this.#polls,
      ...[...this.#readers.values()].flatMap((calls) => [...calls]),
      ...this.#background,
    ];
    for (const call of waiting) {
      if (call.executionId !== executionId || this.aheadOf(call) <= this.#aheadOfNew(origin)) continue;
      this.#dequeue(call);
      call.place = origin;
      this.#enqueue(call);
    }
  }

  /** How many calls go before this one, if no other is added. */
  aheadOf(call: WaitingCall): number {
    return this.#aheadAt(call.place, indexIn(this.#callsLike(call.place) ?? [], call));
  }

  #aheadOfNew(origin: CallOrigin): number {
    return this.#aheadAt(origin, this.#callsLike(origin)?.size ?? 0);
  }

  /** In `n` rounds each tenant has at most `n` turns. */
  #aheadAt(origin: CallOrigin, index: number): number {
    if (origin.class === 'poll') return index;
    let before = this.#polls.size + index;
    for (const [tenant, calls] of this.#readers) {
      if (origin.class !== 'reader') before += calls.size;
      else if (tenant !== origin.tenant) before += Math.min(calls.size, index + 1);
    }
    return before;
  }

  #next(nowMs: number): WaitingCall | undefined {
    for (const poll of this.#polls) return poll;
    const [background] = this.#background;
    const overdueAtMs = Math.max(background?.sinceMs ?? 0, this.#backgroundAtMs) + BACKGROUND_EVERY_MS;
    if (background && nowMs >= overdueAtMs) return background;
    const tenant = this.#time.first(this.#readers.keys());
    const [reader] = (tenant !== undefined && this.#readers.get(tenant)) || [];
    return reader ?? background;
  }

  /** The waiting calls among which a call of this origin stands in line. */
  #callsLike(origin: CallOrigin): Set<WaitingCall> | undefined {
    if (origin.class === 'reader') return this.#readers.get(origin.tenant);
    return origin.class === 'poll' ? this.#polls : this.#background;
  }

  #enqueue(call: WaitingCall): void {
    this.#size++;
    const calls = this.#callsLike(call.place);
    if (calls) calls.add(call);
    else if (call.place.class === 'reader') this.#readers.set(call.place.tenant, new Set([call]));
  }

  #dequeue(call: WaitingCall): void {
    const { place } = call;
    const calls = this.#callsLike(place);
    if (!calls?.delete(call)) return;
    this.#size--;
    if (place.class === 'reader' && calls.size === 0) this.#readers.delete(place.tenant);
  }
}

function indexIn(calls: Iterable<WaitingCall>, call: WaitingCall): number {
  let index = 0;
  for (const other of calls) {
    if (other === call) break;
    index++;
  }
  return index;
}
