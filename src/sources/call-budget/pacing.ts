/**
 * The interval between polls at which a budget suffices for all followed executions. Those that want a longer one keep it; the
 * others share the rest evenly. No I/O, no clock.
 */

/** Numbers of executions by the interval at which they want to be polled, in milliseconds. */
export type Demand = readonly (readonly [wantedMs: number, count: number])[];

/** After so many intervals without a poll an execution no longer counts: its isolate may be gone. */
const FORGOTTEN_AFTER_INTERVALS = 3;
/** It counts at least this long: a poll may be slow. */
const FORGOTTEN_AFTER_MS_MIN = 30_000;
/** How often the sums over all followed executions are recomputed. */
const COUNTED_EVERY_MS = 500;
/** Bounds what is kept and sent to others. Beyond it, the oldest are dropped. */
export const FOLLOWERS_MAX = 10_000;

/** The shortest interval at which `demand` stays within `callsPerSecond`; 0 if all can be polled as wanted. */
export function leastIntervalMs(demand: Demand, callsPerSecond: number): number {
  const sorted = demand.filter(([, count]) => count > 0).toSorted(([a], [b]) => a - b);
  // Calls per second of those that want a longer interval than the current one.
  let seldom = sorted.reduce((sum, [wantedMs, count]) => sum + (count * 1000) / wantedMs, 0);
  if (seldom <= callsPerSecond) return 0;
  let stretched = 0;
  for (const [index, [wantedMs, count]] of sorted.entries()) {
    seldom = Math.max(0, seldom - (count * 1000) / wantedMs);
    stretched += count;
    const left = callsPerSecond - seldom;
    const intervalMs = left > 0 ? (stretched * 1000) / left : Infinity;
    const next = sorted[index + 1]?.[0] ?? Infinity;
    if (intervalMs <= next) return Math.max(wantedMs, intervalMs);
  }
  return Infinity;
}

/** Calls per second of this demand if polls are at least `intervalMs` apart. */
export const callsPerSecondOf = (demand: Demand, intervalMs: number): number =>
  demand.reduce((sum, [wantedMs, count]) => sum + (count * 1000) / Math.max(wantedMs, intervalMs), 0);

/** The followed executions, each with the interval at which it wants to be polled. */
export class Followers {
  readonly #wanted = new Map<string, { readonly wantedMs: number; readonly forgetAtMs: number }>();
  #counted: { readonly atMs: number; readonly demand: Demand } | undefined;
  #intervalMs = 0;

  follow(executionId: string, wantedMs: number, nowMs: number): void {
    const intervalMs = Math.max(wantedMs, this.#intervalMs);
    const forgetAtMs = nowMs + Math.max(FORGOTTEN_AFTER_MS_MIN, FORGOTTEN_AFTER_INTERVALS * intervalMs);
    // Moved to the end: the first ones are the oldest.
    this.#wanted.delete(executionId);
    this.#wanted.set(executionId, { wantedMs, forgetAtMs });
    if (this.#wanted.size > FOLLOWERS_MAX) {
      const [oldest] = this.#wanted.keys();
      if (oldest !== undefined) this.#wanted.delete(oldest);
    }
  }

  /** The shortest interval for all of them within `callsPerSecond`. */
  intervalMs(callsPerSecond: number, nowMs: number): number {
    this.#intervalMs = Math.ceil(leastIntervalMs(this.demand(nowMs), callsPerSecond));
    return this.#intervalMs;
  }

  /** One pair for each interval; a pacer has a handful of them. */
  demand(nowMs: number): Demand {
    if (this.#counted && nowMs - this.#counted.atMs < COUNTED_EVERY_MS) return this.#counted.demand;
    const counts = new Map<number, number>();
    for (const [executionId, { wantedMs, forgetAtMs }] of this.#wanted) {
      if (forgetAtMs <= nowMs) this.#wanted.delete(executionId);
      else counts.set(wantedMs, (counts.get(wantedMs) ?? 0) + 1);
    }
    this.#counted = { atMs: nowMs, demand: [...counts] };
    return this.#counted.demand;
  }
}
