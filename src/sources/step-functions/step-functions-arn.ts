/**
 * The ARNs that name executions of Step Functions, and the setting that says which of them are read. An ARN comes from a
 * caller and decides which host is asked and which account's role is taken, so nothing passes that is not one by its form.
 * Regions are names only: servers that play the service have their own (`local`), and AWS's are checked where a host is made
 * of one.
 *
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html#resources
 */

/** The model's bound of `executionArn`. */
export const EXECUTION_ARN_CHARACTERS_MAX = 256;

export interface ExecutionArn {
  /** `aws`, `aws-cn`, `aws-us-gov`. */
  readonly partition: string;
  readonly region: string;
  /** Twelve digits; servers that play the service take fewer. */
  readonly account: string;
  /** `express`: Step Functions keeps no history of these. */
  readonly type: 'standard' | 'express';
}

/** What follows `execution` is a state machine's name, a map run's label perhaps, and the execution's own name. */
const ARN =
  /^arn:(aws(?:-[a-z]{1,10}){0,3}):states:([a-z0-9-]{1,40}):(\d{10,12}):(execution|express):(?:[^\s:]+:)+[^\s:]+$/u;

/** The parts of an execution's ARN; undefined for any other text. */
export function parseExecutionArn(text: string): ExecutionArn | undefined {
  if (text.length > EXECUTION_ARN_CHARACTERS_MAX) return undefined;
  const [, partition, region, account, resource] = ARN.exec(text) ?? [];
  if (partition === undefined || region === undefined || account === undefined) return undefined;
  return { partition, region, account, type: resource === 'express' ? 'express' : 'standard' };
}

/** Whether an id belongs to Step Functions; all others are Things Graph's. */
export const isExecutionArn = (id: string): boolean => parseExecutionArn(id) !== undefined;

/** Regions and accounts as SFN_ALLOWED lists them: `us-west-2:123456789012`. */
export type AllowedAccounts = ReadonlySet<string>;

/** Reads `region:account,…`; undefined when an entry is no such pair. Empty: none is allowed. */
export function parseAllowedAccounts(setting: string): AllowedAccounts | undefined {
  const entries = setting
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const good = entries.every((entry) => {
    const [region = '', account = '', ...more] = entry.split(':');
    return /^[a-z0-9-]{1,40}$/.test(region) && /^\d{10,12}$/.test(account) && more.length === 0;
  });
  return good ? new Set(entries) : undefined;
}

export const isAllowed = (allowed: AllowedAccounts, { region, account }: ExecutionArn): boolean =>
  allowed.has(`${region}:${account}`);
