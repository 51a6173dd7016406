/** The input and the quota that ListExecutions and ListStateMachines have in common. */
import { constraint } from './step-functions-input.ts';
import type { Quota } from '../quota.ts';
import type { Caller } from '../operation.ts';

const MAX_RESULTS_MAX = 1_000;
/** The default, which 0 also stands for. */
const MAX_RESULTS_DEFAULT = 100;

/** The number of results, or the error of a number out of bounds. */
export function maxResultsOf(asked: number) {
  if (asked < 0) return constraint('maxResults', asked, 'have value greater than or equal to 0');
  if (asked > MAX_RESULTS_MAX) {
    return constraint('maxResults', asked, `have value less than or equal to ${MAX_RESULTS_MAX}`);
  }
  return { ok: true, value: asked === 0 ? MAX_RESULTS_DEFAULT : asked } as const;
}

/** AWS's quotas: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const LARGE_REGIONS: ReadonlySet<string> = new Set(['us-east-1', 'us-west-2', 'eu-west-1']);

export const listQuota = (operation: string, { region, account }: Caller): Quota => ({
  name: `${operation} ${region}:${account}`,
  ...(LARGE_REGIONS.has(region)
    ? { capacity: 200, refillPerSecond: 5 }
    : { capacity: 100, refillPerSecond: 2 }),
});
