/**
 * The executions that a process or isolate follows, each with the interval at which it wants to be polled. An
 * execution that several tenants follow costs each of them an equal part of its polls. No I/O, no clock.
 */
import { type Demand, type DemandCounts, addToDemand, demandOf } from './demand.ts';
import { type Paces, pacedMs } from './pacing.ts';

/**
 * An execution that was not polled for so many of its intervals no longer counts: its isolate may be gone.
 */
const FORGOTTEN_AFTER_INTERVALS = 3;
/** It counts at least this long: a poll may be slow. */
const FORGOTTEN_AFTER_MS_MIN = 30_000;
/** How often executions that are no longer polled are searched. */
const COUNTED_EVERY_MS = 500;
/** Bounds what is kept. Beyond it, the oldest are dropped. */
export const FOLLOWERS_MAX = 10_000;
/** Bounds the tenants that pay for one execution. Further ones get its polls without paying. */
export const PAYING_TENANTS_MAX = 16;

interface Followed {
  readonly wantedMs: number;
  /** Whose listeners follow it, at most PAYING_TENANTS_MAX of them. */
  readonly tenants: readonly string[];
  readonly forgetAtMs: number;
}

export class Followers {
  readonly #followed = new Map<string, Followed>();
  /** Kept up to date with each call: executions that are opened at once must not all poll at once. */
  #counts: DemandCounts = new Map();
  #countedAtMs = -Infinity;

  /** Takes note of a poll. `paces`: as known until now. */
  follow(
    executionId: string,
    { wantedMs, tenants }: { readonly wantedMs: number; readonly tenants: readonly string[] },
    paces: Paces,
    nowMs: number,
  ): void {
    const paying = tenants.slice(0, PAYING_TENANTS_MAX);
    const intervalMs = intervalPaidBy(paying, wantedMs, paces);
    const forgetAtMs =
      nowMs + Math.max(FORGOTTEN_AFTER_MS_MIN, FORGOTTEN_AFTER_INTERVALS * Math.max(wantedMs, intervalMs));
    const followed = { wantedMs, tenants: paying, forgetAtMs };
    // Moved to the end: the first ones are the oldest.
    this.#forget(executionId);
    this.#followed.set(executionId, followed);
    count(this.#counts, followed, 1);
    const [oldest] = this.#followed.keys();
    if (this.#followed.size > FOLLOWERS_MAX && oldest !== undefined) this.#forget(oldest);
  }

  /** The interval between polls of this execution at these paces; undefined if it is not followed. */
  intervalMs(executionId: string, paces: Paces): number | undefined {
    const followed = this.#followed.get(executionId);
    return followed && intervalPaidBy(followed.tenants, followed.wantedMs, paces);
  }

  /** For each tenant one pair for each interval; a pacer has a handful of them. */
  demand(nowMs: number): Demand {
    if (nowMs - this.#countedAtMs >= COUNTED_EVERY_MS) this.#recount(nowMs);
    return demandOf(this.#counts);
  }

  #forget(executionId: string): void {
    const followed = this.#followed.get(executionId);
    if (followed && this.#followed.delete(executionId)) count(this.#counts, followed, -1);
  }

  /** Also removes the rounding errors of fractions that were subtracted. */
  #recount(nowMs: number): void {
    this.#countedAtMs = nowMs;
    this.#counts = new Map();
    for (const [executionId, followed] of this.#followed) {
      if (followed.forgetAtMs <= nowMs) this.#followed.delete(executionId);
      else count(this.#counts, followed, 1);
    }
  }
}

/** Each tenant pays for its part of the polls at its own pace. */
function intervalPaidBy(tenants: readonly string[], wantedMs: number, paces: Paces): number {
  if (tenants.length === 0) return wantedMs;
  const parts = tenants.map((tenant) => 1 / pacedMs(wantedMs, tenant, paces));
  return Math.ceil(tenants.length / parts.reduce((sum, part) => sum + part, 0));
}

function count(counts: DemandCounts, { tenants, wantedMs }: Followed, sign: 1 | -1): void {
  for (const tenant of tenants) addToDemand(counts, tenant, wantedMs, sign / tenants.length);
}
