/**
 * The intervals between polls at which a budget suffices for all followed executions. Tenants share the budget max-min fairly:
 * each gets what it wants up to a level at which the calls are used up. A tenant that follows too much for its share stretches
 * its own polls only: those of its executions that want a longer interval keep it, the others share the rest evenly.
 *
 * An execution that several tenants follow costs each of them an equal part of its calls, and is polled as often as these parts
 * together pay for. No I/O, no clock.
 */

/** Numbers of executions by the interval at which they want to be polled, in milliseconds. Parts of executions, too. */
export type TenantDemand = readonly (readonly [wantedMs: number, count: number])[];

/** The demand of each tenant. */
export type Demand = readonly (readonly [tenant: string, demand: TenantDemand])[];

/** The shortest interval of each tenant's polls; 0: as wanted. */
export type Intervals = ReadonlyMap<string, number>;

/** Stands for all tenants that are not named, of which there are too many. */
export const OTHERS = '';

/** After so many intervals without a poll an execution no longer counts: its isolate may be gone. */
const FORGOTTEN_AFTER_INTERVALS = 3;
/** It counts at least this long: a poll may be slow. */
const FORGOTTEN_AFTER_MS_MIN = 30_000;
/** How often executions that are no longer polled are looked for. */
const COUNTED_EVERY_MS = 500;
/** Bounds what is kept. Beyond it, the oldest are dropped. */
export const FOLLOWERS_MAX = 10_000;
/** Far less than a part of an execution. */
const ROUNDING = 1e-9;
/** Bounds the tenants that pay for one execution; the others get its polls for nothing. */
export const PAYING_TENANTS_MAX = 16;

/** The shortest interval at which `demand` stays within `callsPerSecond`; 0 if all can be polled as wanted. */
export function leastIntervalMs(demand: TenantDemand, callsPerSecond: number): number {
  const sorted = demand.filter(([, count]) => count > 0).toSorted(([a], [b]) => a - b);
  // Calls per second of those that want a longer interval than the current one.
  let seldom = callsPerSecondOf(sorted, 0);
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
export const callsPerSecondOf = (demand: TenantDemand, intervalMs: number): number =>
  demand.reduce((sum, [wantedMs, count]) => sum + (count * 1000) / Math.max(wantedMs, intervalMs), 0);

/** The calls per second that a tenant may have at most, so that all together have `callsPerSecond`; Infinity if that suffices. */
export function fairLevel(wanted: readonly number[], callsPerSecond: number): number {
  let left = callsPerSecond;
  let tenants = wanted.length;
  for (const calls of wanted.toSorted((a, b) => a - b)) {
    if (calls > left / tenants) return left / tenants;
    left -= calls;
    tenants--;
  }
  return Infinity;
}

/** The intervals of all tenants within `callsPerSecond`. */
export function intervalsOf(demand: Demand, callsPerSecond: number): Intervals {
  const level = fairLevel(
    demand.map(([, ofTenant]) => callsPerSecondOf(ofTenant, 0)),
    callsPerSecond,
  );
  return new Map(
    demand.map(([tenant, ofTenant]) => [tenant, Math.ceil(leastIntervalMs(ofTenant, level))] as const),
  );
}

/** Calls per second of this demand at these intervals. */
export const callsPerSecondAt = (demand: Demand, intervals: Intervals): number =>
  demand.reduce(
    (sum, [tenant, ofTenant]) => sum + callsPerSecondOf(ofTenant, intervalOf(tenant, intervals)),
    0,
  );

/** Demands of several isolates as one. */
export function summedDemand(demands: Iterable<Demand>): Demand {
  const counts: Counts = new Map();
  for (const demand of demands) {
    for (const [tenant, ofTenant] of demand) {
      for (const [wantedMs, count] of ofTenant) addTo(counts, tenant, wantedMs, count);
    }
  }
  return listed(counts);
}

/** The tenants that want most calls by name, all others as one. */
export function boundedDemand(demand: Demand, tenantsMax: number): Demand {
  if (demand.length <= tenantsMax) return demand;
  const most = demand.toSorted(([, a], [, b]) => callsPerSecondOf(b, 0) - callsPerSecondOf(a, 0));
  const others = most.slice(tenantsMax).map(([, ofTenant]): Demand => [[OTHERS, ofTenant]]);
  return [...most.slice(0, tenantsMax), ...summedDemand(others)];
}

const intervalOf = (tenant: string, intervals: Intervals): number =>
  intervals.get(tenant) ?? intervals.get(OTHERS) ?? 0;

interface Followed {
  readonly wantedMs: number;
  /** Whose listeners follow it, at most PAYING_TENANTS_MAX of them. */
  readonly tenants: readonly string[];
  readonly forgetAtMs: number;
}

/** The followed executions, each with the interval at which it wants to be polled. */
export class Followers {
  readonly #followed = new Map<string, Followed>();
  /** By tenant and interval. Kept up to date with each call: executions that are opened at once must not all poll at once. */
  #counts: Counts = new Map();
  #countedAtMs = -Infinity;

  /** `intervals`: as known until now. */
  follow(
    executionId: string,
    { wantedMs, tenants }: { readonly wantedMs: number; readonly tenants: readonly string[] },
    intervals: Intervals,
    nowMs: number,
  ): void {
    const paying = tenants.slice(0, PAYING_TENANTS_MAX);
    const intervalMs = intervalPaidBy(paying, wantedMs, intervals);
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

  /** The shortest interval of this execution; 0: as wanted. */
  intervalMs(executionId: string, intervals: Intervals): number {
    const followed = this.#followed.get(executionId);
    return followed ? intervalPaidBy(followed.tenants, followed.wantedMs, intervals) : 0;
  }

  /** For each tenant one pair for each interval; a pacer has a handful of them. */
  demand(nowMs: number): Demand {
    if (nowMs - this.#countedAtMs >= COUNTED_EVERY_MS) this.#recount(nowMs);
    return listed(this.#counts);
  }

  #forget(executionId: string): void {
    const followed = this.#followed.get(executionId);
    if (followed && this.#followed.delete(executionId)) count(this.#counts, followed, -1);
  }

  /** Also removes the rounding errors of parts that were subtracted. */
  #recount(nowMs: number): void {
    this.#countedAtMs = nowMs;
    this.#counts = new Map();
    for (const [executionId, followed] of this.#followed) {
      if (followed.forgetAtMs <= nowMs) this.#followed.delete(executionId);
      else count(this.#counts, followed, 1);
    }
  }
}

/** Each tenant pays for its part of the polls at its own interval. */
function intervalPaidBy(tenants: readonly string[], wantedMs: number, intervals: Intervals): number {
  const parts = tenants.map((tenant) => 1 / Math.max(wantedMs, intervalOf(tenant, intervals)));
  const intervalMs = Math.ceil(tenants.length / parts.reduce((sum, part) => sum + part, 0));
  return intervalMs > wantedMs ? intervalMs : 0;
}

type Counts = Map<string, Map<number, number>>;

function count(counts: Counts, { tenants, wantedMs }: Followed, sign: 1 | -1): void {
  for (const tenant of tenants) addTo(counts, tenant, wantedMs, sign / tenants.length);
}

function addTo(counts: Counts, tenant: string, wantedMs: number, added: number): void {
  const ofTenant = counts.get(tenant) ?? new Map<number, number>();
  const sum = (ofTenant.get(wantedMs) ?? 0) + added;
  if (sum > ROUNDING) ofTenant.set(wantedMs, sum);
  else ofTenant.delete(wantedMs);
  if (ofTenant.size > 0) counts.set(tenant, ofTenant);
  else counts.delete(tenant);
}

const listed = (counts: Counts): Demand =>
  [...counts].map(([tenant, ofTenant]) => [tenant, [...ofTenant]] as const);
