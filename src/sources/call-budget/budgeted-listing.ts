/**
 * A source of lists within a call budget of their own: AWS counts ListExecutions apart from the calls that
 * read histories.
 */
import { type ExecutionsQuery, type ListingSource, type Place, placeOf } from '../listing-source.ts';
import type { CallBudget, CallLimits } from './call-budget.ts';
import { withPermit } from './with-permit.ts';

/**
 * AWS's quota of ListExecutions for an account: a bucket of 200 with 5 a second in these regions, of 100 with
 * 2 a second in all others. Each budget leaves room for others in the account, such as the console.
 *
 * https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
const LARGE_REGIONS: ReadonlySet<string> = new Set(['us-east-1', 'us-west-2', 'eu-west-1']);
export const LISTS_PER_SECOND = 2;
export const LISTS_PER_SECOND_ELSEWHERE = 1;
export const LISTS_AT_ONCE = 50;

/** The budget of the lists of a region; `callsPerSecond` of the settings applies to all regions. */
export const listLimits = (region: string, callsPerSecond?: number): CallLimits => ({
  callsPerSecond:
    callsPerSecond ?? (LARGE_REGIONS.has(region) ? LISTS_PER_SECOND : LISTS_PER_SECOND_ELSEWHERE),
  callsAtOnce: LISTS_AT_ONCE,
});

/**
 * The same lists within budgets. `budgetFor` returns that of a place; undefined if the source refuses the
 * place without a call.
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
