/**
 * How many executions each tenant follows, and at which intervals they want to be polled. An execution that n
 * tenants follow counts as 1/n for each of them, so counts are fractions. No I/O, no clock.
 */

/** Numbers of executions by the interval at which they want to be polled, in milliseconds. */
export type TenantDemand = readonly (readonly [wantedMs: number, count: number])[];

/** The demand of each tenant. `tenants`: how many OTHERS stands for. */
export type Demand = readonly (readonly [tenant: string, demand: TenantDemand, tenants?: number])[];

/** Counts by tenant and interval. */
export type DemandCounts = Map<string, Map<number, number>>;

/** Stands for all tenants that are not named, because there are too many. */
export const OTHERS = '';

/** A smaller sum of fractions is a rounding error. */
const ROUNDING = 1e-9;

/** Calls per second, if each execution is polled as often as it wants. */
export const wantedCallsPerSecond = (demand: TenantDemand): number =>
  demand.reduce((sum, [wantedMs, count]) => sum + (count * 1000) / wantedMs, 0);

/**
 * Adds up the demands of several isolates. The unnamed tenants of each isolate are counted as different
 * tenants, although one of them may be in several isolates.
 */
export function summedDemand(demands: Iterable<Demand>): Demand {
  const counts: DemandCounts = new Map();
  let others = 0;
  for (const demand of demands) {
    for (const [tenant, ofTenant, tenants = 1] of demand) {
      if (tenant === OTHERS) others += tenants;
      for (const [wantedMs, count] of ofTenant) addToDemand(counts, tenant, wantedMs, count);
    }
  }
  return demandOf(counts).map(([tenant, ofTenant]) =>
    tenant === OTHERS ? [tenant, ofTenant, others] : [tenant, ofTenant],
  );
}

/** Names the `tenantsMax` tenants that want most calls, and adds up the others. */
export function boundedDemand(demand: Demand, tenantsMax: number): Demand {
  if (demand.length <= tenantsMax) return demand;
  const most = demand.toSorted(([, a], [, b]) => wantedCallsPerSecond(b) - wantedCallsPerSecond(a));
  const others = most.slice(tenantsMax).map(([, ofTenant]): Demand => [[OTHERS, ofTenant]]);
  return [...most.slice(0, tenantsMax), ...summedDemand(others)];
}

/** Adds executions, or removes them if `added` is negative. */
export function addToDemand(counts: DemandCounts, tenant: string, wantedMs: number, added: number): void {
  const ofTenant = counts.get(tenant) ?? new Map<number, number>();
  const sum = (ofTenant.get(wantedMs) ?? 0) + added;
  if (sum > ROUNDING) ofTenant.set(wantedMs, sum);
  else ofTenant.delete(wantedMs);
  if (ofTenant.size > 0) counts.set(tenant, ofTenant);
  else counts.delete(tenant);
}

export const demandOf = (counts: DemandCounts): Demand =>
  [...counts].map(([tenant, ofTenant]) => [tenant, [...ofTenant]] as const);
