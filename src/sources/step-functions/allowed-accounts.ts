/** The setting SFN_ALLOWED: which accounts' executions of Step Functions are read, and in which regions. */
import { isAwsRegion } from '../../core/aws-region.ts';
import { commaSeparated } from '../../core/comma-separated.ts';
import type { ArnPlace } from '../../core/execution-arn.ts';

/** Regions and accounts as SFN_ALLOWED lists them: `us-west-2:123456789012`. */
export type AllowedAccounts = ReadonlySet<string>;

/**
 * Where the executions of SFN_ALLOWED are: on AWS, or on a server that has its own names of regions and
 * shorter accounts.
 */
export type AllowedOn = 'aws' | 'other-server';

/** The entry of SFN_ALLOWED that could not name any execution; undefined if each could. */
export const wrongAllowedAccount = (setting: string, on: AllowedOn): string | undefined =>
  commaSeparated(setting).find((entry) => {
    const [region = '', account = '', ...more] = entry.split(':');
    if (more.length > 0) return true;
    return on === 'aws'
      ? !isAwsRegion(region) || !/^\d{12}$/.test(account)
      : !/^[a-z0-9-]{1,40}$/.test(region) || !/^\d{10,12}$/.test(account);
  });

/**
 * Reads `region:account,…`; undefined if an entry could not name any execution. Empty: no executions are
 * read.
 */
export const parseAllowedAccounts = (
  setting: string,
  on: AllowedOn = 'other-server',
): AllowedAccounts | undefined =>
  wrongAllowedAccount(setting, on) === undefined ? new Set(commaSeparated(setting)) : undefined;

export const isAllowed = (allowed: AllowedAccounts, { region, account }: ArnPlace): boolean =>
  allowed.has(`${region}:${account}`);
