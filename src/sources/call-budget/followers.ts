/**
 * The executions that a process or isolate follows, each with the interval at which it wants to be polled. If
 * several tenants follow an execution, each pays for an equal part of its polls. No I/O, no clock.
 */
import { type Demand, type DemandCounts, addToDemand, demandOf } from './demand.ts';
import { type Paces, pacedMs } from './pacing.ts';

/**
 * An execution stops counting if it was not polled for this many of its intervals, because nobody follows it
 * any more.
 */
const FORGOTTEN_AFTER_INTERVALS = 3;
/** An execution counts for at least this long after a poll, because the next poll may be slow. */
const FORGOTTEN_AFTER_MS_MIN = 30_000;
/** How often executions that are no longer polled are removed. */
const COUNTED_EVERY_MS = 500;
/** Maximum number of followed executions. Beyond it, the one that was polled longest ago is dropped. */
export const FOLLOWERS_MAX = 10_000;
/** Maximum number of tenants that pay for one execution's polls. Further tenants do not pay. */
export const PAYING_TENANTS_MAX = 16;

interface Followed {
  readonly wantedMs: number;
  /** The tenants that pay for its polls, at most PAYING_TENANTS_MAX. */
  readonly tenants: readonly string[];
  readonly forgetAtMs: number;
}

export class Followers {
  readonly #followed = new Map<string, Followed>();
  /**
   * The demand of all followed executions. Updated at each poll, so that executions that are opened together
   * take each other into account.
   */
  #counts: DemandCounts = new Map();
  #countedAtMs = -Infinity;

  /** Records a poll of an execution. `paces` are the current paces. */
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
    // Move the execution to the end, so that the first ones are those polled longest ago.
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

  /**
   * Returns the demand of each tenant. The result is small, because executions want only a handful of
   * different intervals.
   */
  demand(nowMs: number): Demand {
    if (nowMs - this.#countedAtMs >= COUNTED_EVERY_MS) this.#recount(nowMs);
    return demandOf(this.#counts);
  }

  #forget(executionId: string): void {
    const followed = this.#followed.get(executionId);
    if (followed && this.#followed.delete(executionId)) count(this.#counts, followed, -1);
  }

  /**
   * Drops executions that are no longer polled, and counts the others anew. This also removes rounding errors
   * of subtracted fractions.
   */
  #recount(nowMs: number): void {
    this.#countedAtMs = nowMs;
    this.#counts = new Map();
    for (const [executionId, followed] of this.#followed) {
      if (followed.forgetAtMs <= nowMs) this.#followed.delete(executionId);
      else count(this.#counts, followed, 1);
    }
  }
}

/** The interval between polls if each tenant pays for an equal part of them, at its own pace. */
function intervalPaidBy(tenants: readonly string[], wantedMs: number, paces: Paces): number {
  if (tenants.length === 0) return wantedMs;
  const parts = tenants.map((tenant) => 1 / pacedMs(wantedMs, tenant, paces));
  return Math.ceil(tenants.length / parts.reduce((sum, part) => sum + part, 0));
}

function count(counts: DemandCounts, { tenants, wantedMs }: Followed, sign: 1 | -1): void {
  for (const tenant of tenants) addToDemand(counts, tenant, wantedMs, sign / tenants.length);
}
