/**
 * Makes a source of lists use separate call budgets, because AWS counts ListExecutions separately from the
 * calls that read histories.
 */
import { type ExecutionsQuery, type ListingSource, type Place, placeOf } from '../listing-source.ts';
import type { CallBudget, CallLimits } from './call-budget.ts';
import { withPermit } from './with-permit.ts';

/**
 * AWS's quota of ListExecutions for an account is a token bucket of 200 calls that refills by 5 a second in
 * these regions. In all other regions, the bucket has 100 calls and refills by 2 a second. The budgets are
 * smaller, to leave room for other callers in the account, such as the console.
 *
 * https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
const LARGE_REGIONS: ReadonlySet<string> = new Set(['us-east-1', 'us-west-2', 'eu-west-1']);
export const LISTS_PER_SECOND = 2;
export const LISTS_PER_SECOND_ELSEWHERE = 1;
export const LISTS_AT_ONCE = 50;

/**
 * The limits for list calls in a region. If the settings have `callsPerSecond`, it applies to all regions.
 */
export const listLimits = (region: string, callsPerSecond?: number): CallLimits => ({
  callsPerSecond:
    callsPerSecond ?? (LARGE_REGIONS.has(region) ? LISTS_PER_SECOND : LISTS_PER_SECOND_ELSEWHERE),
  callsAtOnce: LISTS_AT_ONCE,
});

/**
 * Wraps a source of lists so that its calls use budgets. `budgetFor` returns the budget of a place, or
 * undefined if the source refuses the place without making a call.
 */
export function withListBudget(
  source: ListingSource,
  budgetFor: (place: Place) => CallBudget | undefined,
): ListingSource {
  const budgetOf = (of: ExecutionsQuery['of']): CallBudget | undefined => {
    const place = placeOf(of);
    return place && budgetFor(place);
  };
  return {
    ...source,
    listFlows: (place, token, options) => {
      const call = { budget: budgetFor(place), about: 'flows', source: source.name };
      return withPermit(call, options, (counted) => source.listFlows(place, token, counted));
    },
    listExecutions: (query, options) => {
      const call = { budget: budgetOf(query.of), about: aboutOf(query.of), source: source.name };
      return withPermit(call, options, (counted) => source.listExecutions(query, counted));
    },
    raisePriority: (of, origin) => budgetOf(of)?.raisePriority(aboutOf(of), origin),
    pace: ({ of, upstreamStatus = '' }, wantedMs, tenants) =>
      budgetOf(of)?.pace(`${aboutOf(of)} ${upstreamStatus}`, wantedMs, tenants) ?? wantedMs,
  };
}

const aboutOf = (of: ExecutionsQuery['of']): string => ('flow' in of ? of.flow.flow : of.mapRunArn);
