/**
 * How many executions each tenant follows, and at which intervals they want to be polled. An execution that n
 * tenants follow counts as 1/n for each of them, so counts are fractions. No I/O, no clock.
 */

/** The number of executions for each wanted interval between polls. */
export type TenantDemand = readonly (readonly [wantedMs: number, count: number])[];

/** The demand of each tenant. `tenants` is the number of tenants that OTHERS stands for. */
export type Demand = readonly (readonly [tenant: string, demand: TenantDemand, tenants?: number])[];

/** The number of executions by tenant and wanted interval. */
export type DemandCounts = Map<string, Map<number, number>>;

/** Stands for all tenants that are not named individually, because there are too many. */
export const OTHERS = '';

/** Sums of fractions below this are rounding errors. */
const ROUNDING = 1e-9;

/** The calls per second that are needed to poll each execution as often as it wants. */
export const wantedCallsPerSecond = (demand: TenantDemand): number =>
  demand.reduce((sum, [wantedMs, count]) => sum + (count * 1000) / wantedMs, 0);

/**
 * Adds up the demands of several isolates. Unnamed tenants of different isolates count as different tenants,
 * although some may be the same.
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

/** Names the `tenantsMax` tenants that want the most calls, and adds up the others as OTHERS. */
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
