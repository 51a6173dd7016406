/**
 * The intervals between polls, chosen so that a budget suffices for all followed executions.
 *
 * - **The polls want more than the budget has.** The calls are shared max-min fairly between tenants: each
 *   gets what it wants, up to a level at which the calls are used up. A tenant that wants more than the level
 *   is polled less often (`leastMs`): those of its executions that want a longer interval anyway keep it, the
 *   others share the rest evenly.
 * - **The budget has calls to spare.** Silent executions, which want long intervals, are polled more often
 *   (`mostMs`). The spare calls are shared max-min fairly, too. Busy executions are polled as often as
 *   before.
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

/** No shorter interval is useful while an execution is silent: its first message is late by at most this. */
export const SILENT_INTERVAL_MS = 2_500;

/**
 * The shortest interval at which `demand` stays within `callsPerSecond`; 0 if all can be polled as often as
 * they want.
 */
export function leastIntervalMs(demand: TenantDemand, callsPerSecond: number): number {
  const shortestFirst = demand.filter(([, count]) => count > 0).toSorted(([a], [b]) => a - b);
  // Calls per second of the executions that want a longer interval than the one being tried: they keep
  // theirs.
  let unstretchedCalls = wantedCallsPerSecond(shortestFirst);
  if (unstretchedCalls <= callsPerSecond) return 0;
  // The others share one interval.
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

/** The longest interval that uses up `callsPerSecond`, which must be more than `demand` wants. */
export function mostIntervalMs(demand: TenantDemand, callsPerSecond: number): number {
  const longestFirst = demand.filter(([, count]) => count > 0).toSorted(([a], [b]) => b - a);
  // Calls per second of the executions that want a shorter interval than the one being tried: they keep
  // theirs.
  let unshortenedCalls = wantedCallsPerSecond(longestFirst);
  // The others share one interval.
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

/** Calls per second of this demand at this pace. */
export const callsPerSecondOf = (demand: TenantDemand, pace: Pace = AS_WANTED): number =>
  demand.reduce((sum, [wantedMs, count]) => sum + (count * 1000) / within(pace, wantedMs), 0);

const within = ({ leastMs, mostMs }: Pace, wantedMs: number): number =>
  Math.max(leastMs, Math.min(wantedMs, mostMs));

/** What a tenant, or several that count as one, gets at least and at most, in calls per second. */
export interface Bounds {
  readonly lower: number;
  readonly upper: number;
  readonly tenants: number;
}

/**
 * The level of max-min fairness: if each tenant gets as many calls per second as the level, but within its
 * bounds, all together get `callsPerSecond`. Infinity if that suffices for the upper bounds. It must suffice
 * for the lower ones.
 */
export function fairLevel(bounds: readonly Bounds[], callsPerSecond: number): number {
  // Raises the level from bound to bound. Between two bounds, the sum grows by one call for each tenant that
  // is between its own.
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
  /** Only if the polls that are wanted need less, silent executions are polled more often, up to this. */
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

/** Calls per second of this demand at these paces. */
export const callsPerSecondAt = (demand: Demand, paces: Paces): number =>
  demand.reduce((sum, [tenant, ofTenant]) => sum + callsPerSecondOf(ofTenant, paceOf(tenant, paces)), 0);

/** The wanted interval, within the bounds of this tenant's pace. */
export const pacedMs = (wantedMs: number, tenant: string, paces: Paces): number =>
  within(paceOf(tenant, paces), wantedMs);

const paceOf = (tenant: string, paces: Paces): Pace => paces.get(tenant) ?? paces.get(OTHERS) ?? AS_WANTED;
