/** The setting SFN_ALLOWED: the accounts and regions whose Step Functions executions may be read. */
import { isAwsRegion } from '../../core/aws-region.ts';
import { commaSeparated } from '../../core/comma-separated.ts';
import type { ArnPlace } from '../../core/execution-arn.ts';

/** The entries of SFN_ALLOWED, such as `us-west-2:123456789012`. */
export type AllowedAccounts = ReadonlySet<string>;

/**
 * Whether SFN_ALLOWED names accounts on AWS or on another server. Other servers can have their own region
 * names and shorter account ids.
 */
export type AllowedOn = 'aws' | 'other-server';

/** Returns the first invalid entry of SFN_ALLOWED. Undefined if all entries are valid. */
export const wrongAllowedAccount = (setting: string, on: AllowedOn): string | undefined =>
  commaSeparated(setting).find((entry) => {
    const [region = '', account = '', ...more] = entry.split(':');
    if (more.length > 0) return true;
    return on === 'aws'
      ? !isAwsRegion(region) || !/^\d{12}$/.test(account)
      : !/^[a-z0-9-]{1,40}$/.test(region) || !/^\d{10,12}$/.test(account);
  });

/** Parses `region:account,…`. Undefined if an entry is invalid. An empty setting allows no executions. */
export const parseAllowedAccounts = (
  setting: string,
  on: AllowedOn = 'other-server',
): AllowedAccounts | undefined =>
  wrongAllowedAccount(setting, on) === undefined ? new Set(commaSeparated(setting)) : undefined;

export const isAllowed = (allowed: AllowedAccounts, { region, account }: ArnPlace): boolean =>
  allowed.has(`${region}:${account}`);
