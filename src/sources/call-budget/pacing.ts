/**
 * How far apart polls must be so that all executions that are followed get their turn within a budget. Those that would poll
 * seldom go on as they would; the others share what these leave, evenly. No I/O, no clock.
 */

/** How many would poll every so many milliseconds. */
export type Demand = readonly (readonly [wantedMs: number, count: number])[];

/** After that many intervals without a poll an execution is followed no more; its isolate may be gone. */
const FORGOTTEN_AFTER_INTERVALS = 3;
/** Never before that: a poll may take its time. */
const FORGOTTEN_AFTER_MS_MIN = 30_000;
/** The sums over all that are followed are made anew that often. */
const COUNTED_EVERY_MS = 500;
/** A bound on what is kept, and on what is told to others. The oldest are forgotten beyond it. */
export const FOLLOWERS_MAX = 10_000;

/** The shortest interval at which `demand` stays within `callsPerSecond`; 0 when nobody has to wait. */
export function leastIntervalMs(demand: Demand, callsPerSecond: number): number {
  const sorted = demand.filter(([, count]) => count > 0).toSorted(([a], [b]) => a - b);
  // Calls a second of those that want to poll more seldom than the ones looked at.
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

/** Calls a second of this demand when polls are at least `intervalMs` apart. */
export const callsPerSecondOf = (demand: Demand, intervalMs: number): number =>
  demand.reduce((sum, [wantedMs, count]) => sum + (count * 1000) / Math.max(wantedMs, intervalMs), 0);

/** The executions that are followed, each with the interval at which it would be polled. */
export class Followers {
  readonly #wanted = new Map<string, { readonly wantedMs: number; readonly forgetAtMs: number }>();
  #counted: { readonly atMs: number; readonly demand: Demand } | undefined;
  #intervalMs = 0;

  follow(executionId: string, wantedMs: number, nowMs: number): void {
    const intervalMs = Math.max(wantedMs, this.#intervalMs);
    const forgetAtMs = nowMs + Math.max(FORGOTTEN_AFTER_MS_MIN, FORGOTTEN_AFTER_INTERVALS * intervalMs);
    // Put at the end: the first ones are the oldest.
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

  /** As few pairs as there are intervals: a pacer has a handful. */
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
