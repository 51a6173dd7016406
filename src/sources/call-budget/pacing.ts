/**
 * Chooses the intervals between polls so that a budget is enough for all followed executions.
 *
 * - **The polls want more calls than the budget has.** Tenants share the calls max-min fairly: each tenant
 *   gets the calls that it wants, up to a common level. If a tenant wants more, none of its executions is
 *   polled more often than every `leastMs`. Executions that want a longer interval keep it.
 * - **The budget has calls to spare.** Silent executions, which want long intervals, are polled more often:
 *   at least every `mostMs`. Tenants share the spare calls max-min fairly, too. Busy executions, which want
 *   short intervals, keep them.
 *
 * No I/O, no clock.
 */
import { type Demand, OTHERS, type TenantDemand, wantedCallsPerSecond } from './demand.ts';

/** Bounds of the intervals between a tenant's polls, in milliseconds. */
export interface Pace {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** The pace of each tenant. */
export type Paces = ReadonlyMap<string, Pace>;

const AS_WANTED: Pace = { leastMs: 0, mostMs: Infinity };

/**
 * Spare calls never make the interval of a silent execution shorter than this. At this interval, the next
 * message is late by at most this time.
 */
export const SILENT_INTERVAL_MS = 2_500;

/**
 * The smallest `leastMs` that keeps `demand` within `callsPerSecond`. 0 if all executions can be polled as
 * often as they want.
 */
export function leastIntervalMs(demand: TenantDemand, callsPerSecond: number): number {
  const shortestFirst = demand.filter(([, count]) => count > 0).toSorted(([a], [b]) => a - b);
  // Calls per second of the executions that keep their interval, because it is longer than the one being
  // tried.
  let unstretchedCalls = wantedCallsPerSecond(shortestFirst);
  if (unstretchedCalls <= callsPerSecond) return 0;
  // The number of all other executions, which share one interval.
  let stretched = 0;
  for (const [index, [wantedMs, count]] of shortestFirst.entries()) {
    unstretchedCalls = Math.max(0, unstretchedCalls - (count * 1000) / wantedMs);
    stretched += count;
    const left = callsPerSecond - unstretchedCalls;
    const intervalMs = left > 0 ? (stretched * 1000) / left : Infinity;
    const nextMs = shortestFirst[index + 1]?.[0] ?? Infinity;
    if (intervalMs <= nextMs) return Math.max(wantedMs, intervalMs);
  }
  return Infinity;
}

/**
 * The largest `mostMs` with which `demand` uses up `callsPerSecond`. `callsPerSecond` must be more than
 * `demand` wants.
 */
export function mostIntervalMs(demand: TenantDemand, callsPerSecond: number): number {
  const longestFirst = demand.filter(([, count]) => count > 0).toSorted(([a], [b]) => b - a);
  // Calls per second of the executions that keep their interval, because it is shorter than the one being
  // tried.
  let unshortenedCalls = wantedCallsPerSecond(longestFirst);
  // The number of all other executions, which share one interval.
  let shortened = 0;
  for (const [index, [wantedMs, count]] of longestFirst.entries()) {
    unshortenedCalls = Math.max(0, unshortenedCalls - (count * 1000) / wantedMs);
    shortened += count;
    const intervalMs = (shortened * 1000) / (callsPerSecond - unshortenedCalls);
    const nextMs = longestFirst[index + 1]?.[0] ?? 0;
    if (intervalMs >= nextMs) return Math.max(SILENT_INTERVAL_MS, intervalMs);
  }
  return Infinity;
}

/** The calls per second that this demand needs at this pace. */
export const callsPerSecondOf = (demand: TenantDemand, pace: Pace = AS_WANTED): number =>
  demand.reduce((sum, [wantedMs, count]) => sum + (count * 1000) / within(pace, wantedMs), 0);

const within = ({ leastMs, mostMs }: Pace, wantedMs: number): number =>
  Math.max(leastMs, Math.min(wantedMs, mostMs));

/**
 * The fewest and the most calls per second that a tenant can get. `tenants` is the number of tenants if
 * several count as one.
 */
export interface Bounds {
  readonly lower: number;
  readonly upper: number;
  readonly tenants: number;
}

/**
 * The level of max-min fairness, in calls per second. If each tenant gets this level, clamped to its bounds,
 * all tenants together get `callsPerSecond`. Infinity if `callsPerSecond` covers all upper bounds.
 * `callsPerSecond` must cover all lower bounds.
 */
export function fairLevel(bounds: readonly Bounds[], callsPerSecond: number): number {
  // Raise the level from bound to bound. `rising` counts the tenants whose lower bound is below the level and
  // whose upper bound is above it. Only their calls grow with the level.
  let sum = bounds.reduce((total, { lower }) => total + lower, 0);
  let level = 0;
  let rising = 0;
  const changes = bounds.flatMap(({ lower, upper, tenants }) => [
    [lower / tenants, tenants] as const,
    [upper / tenants, -tenants] as const,
  ]);
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
  /**
   * If the wanted polls need less than this rate, silent executions are polled more often, until polls use
   * this rate.
   */
  readonly spareCallsPerSecond: number;
}

/** The paces of all tenants within the budget. */
export function pacesOf(demand: Demand, { callsPerSecond, spareCallsPerSecond }: PollsBudget): Paces {
  const total = demand.reduce((sum, [, ofTenant]) => sum + wantedCallsPerSecond(ofTenant), 0);
  return total >= spareCallsPerSecond
    ? stretchedPaces(demand, callsPerSecond)
    : shortenedPaces(demand, spareCallsPerSecond);
}

function stretchedPaces(demand: Demand, callsPerSecond: number): Paces {
  const bounds = demand.map(([, ofTenant, tenants = 1]) => ({
    lower: 0,
    upper: wantedCallsPerSecond(ofTenant),
    tenants,
  }));
  const level = fairLevel(bounds, callsPerSecond);
  return new Map(
    demand.map(([tenant, ofTenant, tenants = 1]) => {
      const leastMs = Math.ceil(leastIntervalMs(ofTenant, level * tenants));
      return [tenant, { ...AS_WANTED, leastMs }];
    }),
  );
}

function shortenedPaces(demand: Demand, spareCallsPerSecond: number): Paces {
  const bounds = demand.map(([, ofTenant, tenants = 1]) => {
    const upper = callsPerSecondOf(ofTenant, { ...AS_WANTED, mostMs: SILENT_INTERVAL_MS });
    return { lower: wantedCallsPerSecond(ofTenant), upper, tenants };
  });
  const level = fairLevel(bounds, spareCallsPerSecond);
  return new Map(
    demand.map(([tenant, ofTenant, tenants = 1]) => {
      const calls = level * tenants;
      const getsMore = calls > wantedCallsPerSecond(ofTenant);
      const mostMs = getsMore ? Math.ceil(mostIntervalMs(ofTenant, calls)) : Infinity;
      return [tenant, { ...AS_WANTED, mostMs }];
    }),
  );
}

/** The calls per second that this demand needs at these paces. */
export const callsPerSecondAt = (demand: Demand, paces: Paces): number =>
  demand.reduce((sum, [tenant, ofTenant]) => sum + callsPerSecondOf(ofTenant, paceOf(tenant, paces)), 0);

/** The wanted interval, clamped to the bounds of this tenant's pace. */
export const pacedMs = (wantedMs: number, tenant: string, paces: Paces): number =>
  within(paceOf(tenant, paces), wantedMs);

const paceOf = (tenant: string, paces: Paces): Pace => paces.get(tenant) ?? paces.get(OTHERS) ?? AS_WANTED;
