/**
 * The intervals between polls at which a budget suffices for all followed executions. Tenants share the budget max-min fairly:
 * each gets what it wants up to a level at which the calls are used up. A tenant that follows too much for its share stretches
 * its own polls only: those of its executions that want a longer interval keep it, the others share the rest evenly.
 *
 * If the budget has room, silent executions, which want long intervals, are polled more often: the room is shared max-min
 * fairly, too, and no execution that is busy is polled less often for it.
 *
 * An execution that several tenants follow costs each of them an equal part of its calls, and is polled as often as these parts
 * together pay for. No I/O, no clock.
 */

/** Numbers of executions by the interval at which they want to be polled, in milliseconds. Parts of executions, too. */
export type TenantDemand = readonly (readonly [wantedMs: number, count: number])[];

/** The demand of each tenant. */
export type Demand = readonly (readonly [tenant: string, demand: TenantDemand])[];

/** Bounds of the intervals between a tenant's polls: stretched if its part of the budget is used up, shortened if it has room. */
export interface Pace {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** The pace of each tenant. */
export type Paces = ReadonlyMap<string, Pace>;

const AS_WANTED: Pace = { leastMs: 0, mostMs: Infinity };

/** No shorter interval is useful while an execution is silent: its first message is late by at most this. */
export const SILENT_INTERVAL_MS = 2_500;

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
  let seldom = callsPerSecondOf(sorted);
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

/** The longest interval that `callsPerSecond` allows for: they are more than `demand` wants. */
export function mostIntervalMs(demand: TenantDemand, callsPerSecond: number): number {
  const sorted = demand.filter(([, count]) => count > 0).toSorted(([a], [b]) => b - a);
  // Calls per second of those that want a shorter interval than the current one.
  let often = callsPerSecondOf(sorted);
  let shortened = 0;
  for (const [index, [wantedMs, count]] of sorted.entries()) {
    often = Math.max(0, often - (count * 1000) / wantedMs);
    shortened += count;
    const intervalMs = (shortened * 1000) / (callsPerSecond - often);
    const next = sorted[index + 1]?.[0] ?? 0;
    if (intervalMs >= next) return Math.max(SILENT_INTERVAL_MS, intervalMs);
  }
  return Infinity;
}

/** Calls per second of this demand at this pace. */
export const callsPerSecondOf = (demand: TenantDemand, pace: Pace = AS_WANTED): number =>
  demand.reduce((sum, [wantedMs, count]) => sum + (count * 1000) / paced(wantedMs, pace), 0);

const paced = (wantedMs: number, { leastMs, mostMs }: Pace): number =>
  Math.max(leastMs, Math.min(wantedMs, mostMs));

/**
 * The level of calls per second at which all together have `callsPerSecond`, if each has as many as the level, but within its
 * bounds. Infinity if that suffices for the upper bounds. It must suffice for the lower ones.
 */
export function fairLevel(
  bounds: readonly (readonly [lower: number, upper: number])[],
  callsPerSecond: number,
): number {
  let sum = bounds.reduce((total, [lower]) => total + lower, 0);
  let level = 0;
  /** How many tenants get more with a higher level. */
  let rising = 0;
  const changes = bounds.flatMap(([lower, upper]) => [[lower, 1] as const, [upper, -1] as const]);
  for (const [at, change] of changes.toSorted(([a], [b]) => a - b)) {
    const next = sum + rising * (at - level);
    if (next > callsPerSecond) return level + (callsPerSecond - sum) / rising;
    [sum, level] = [next, at];
    rising += change;
  }
  return Infinity;
}

export interface PollsBudget {
  readonly callsPerSecond: number;
  /** Only if the polls that are wanted need less, silent executions are polled more often, up to this. */
  readonly spareCallsPerSecond: number;
}

/** The paces of all tenants within the budget. */
export function pacesOf(demand: Demand, { callsPerSecond, spareCallsPerSecond }: PollsBudget): Paces {
  const wanted = demand.map(([, ofTenant]) => callsPerSecondOf(ofTenant));
  const total = wanted.reduce((sum, calls) => sum + calls, 0);
  if (total >= spareCallsPerSecond) {
    const level = fairLevel(
      wanted.map((calls) => [0, calls]),
      callsPerSecond,
    );
    return new Map(
      demand.map(([tenant, ofTenant]) => {
        const leastMs = Math.ceil(leastIntervalMs(ofTenant, level));
        return [tenant, { ...AS_WANTED, leastMs }];
      }),
    );
  }
  const bounds = demand.map(([, ofTenant], index) => {
    const most = callsPerSecondOf(ofTenant, { ...AS_WANTED, mostMs: SILENT_INTERVAL_MS });
    return [wanted[index] ?? 0, most] as const;
  });
  const level = fairLevel(bounds, spareCallsPerSecond);
  return new Map(
    demand.map(([tenant, ofTenant], index) => {
      const hasRoom = level > (wanted[index] ?? 0);
      const mostMs = hasRoom ? Math.ceil(mostIntervalMs(ofTenant, level)) : Infinity;
      return [tenant, { ...AS_WANTED, mostMs }];
    }),
  );
}

/** Calls per second of this demand at these paces. */
export const callsPerSecondAt = (demand: Demand, paces: Paces): number =>
  demand.reduce((sum, [tenant, ofTenant]) => sum + callsPerSecondOf(ofTenant, paceOf(tenant, paces)), 0);

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
  const most = demand.toSorted(([, a], [, b]) => callsPerSecondOf(b) - callsPerSecondOf(a));
  const others = most.slice(tenantsMax).map(([, ofTenant]): Demand => [[OTHERS, ofTenant]]);
  return [...most.slice(0, tenantsMax), ...summedDemand(others)];
}

const paceOf = (tenant: string, paces: Paces): Pace => paces.get(tenant) ?? paces.get(OTHERS) ?? AS_WANTED;

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

  /** `paces`: as known until now. */
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

  /** The interval of an execution that was followed just now. */
  intervalMs(executionId: string, paces: Paces): number | undefined {
    const followed = this.#followed.get(executionId);
    return followed && intervalPaidBy(followed.tenants, followed.wantedMs, paces);
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

/** Each tenant pays for its part of the polls at its own pace. */
function intervalPaidBy(tenants: readonly string[], wantedMs: number, paces: Paces): number {
  if (tenants.length === 0) return wantedMs;
  const parts = tenants.map((tenant) => 1 / paced(wantedMs, paceOf(tenant, paces)));
  return Math.ceil(tenants.length / parts.reduce((sum, part) => sum + part, 0));
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
