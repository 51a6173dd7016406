/** The input check and the quotas that ListExecutions and ListStateMachines share. */
import { constraint } from './step-functions-input.ts';
import type { Quota } from '../quota.ts';
import type { Caller } from '../operation.ts';

const MAX_RESULTS_MAX = 1_000;
/** Used if `maxResults` is absent or 0. */
const MAX_RESULTS_DEFAULT = 100;

/** Returns the maximum number of results, or an error if `asked` is out of bounds. */
export function maxResultsOf(asked: number) {
  if (asked < 0) return constraint('maxResults', asked, 'have value greater than or equal to 0');
  if (asked > MAX_RESULTS_MAX) {
    return constraint('maxResults', asked, `have value less than or equal to ${MAX_RESULTS_MAX}`);
  }
  return { ok: true, value: asked === 0 ? MAX_RESULTS_DEFAULT : asked } as const;
}

/**
 * The regions with AWS's larger quota: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
const LARGE_REGIONS: ReadonlySet<string> = new Set(['us-east-1', 'us-west-2', 'eu-west-1']);

export const listQuota = (operation: string, { region, account }: Caller): Quota => ({
  name: `${operation} ${region}:${account}`,
  ...(LARGE_REGIONS.has(region)
    ? { capacity: 200, refillPerSecond: 5 }
    : { capacity: 100, refillPerSecond: 2 }),
});
