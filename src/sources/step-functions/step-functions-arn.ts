/**
 * The ARNs of Step Functions executions, and the setting that lists which accounts are read. An ARN comes from a caller and
 * decides which host is called and which account's role is assumed, so only a well-formed one passes.
 *
 * The region of an ARN may be any name: local servers that implement the service use their own (`local`). Only AWS's regions
 * become part of a host name (aws-region.ts).
 *
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html#resources
 */
import { awsPartition, isAwsPartition, isAwsRegion } from '../aws/aws-region.ts';

/** The model's bound of `executionArn`. */
export const EXECUTION_ARN_CHARACTERS_MAX = 256;

export interface ExecutionArn {
  /** `aws`, `aws-cn`, `aws-us-gov`, … */
  readonly partition: string;
  readonly region: string;
  /** Twelve digits; local servers accept fewer. */
  readonly account: string;
  /** `express`: Step Functions keeps no history of these. */
  readonly type: 'standard' | 'express';
}

interface StatesArn extends Omit<ExecutionArn, 'type'> {
  /** `execution`, `express`, `stateMachine`, `mapRun`, `activity`. */
  readonly resource: string;
  /** What follows the resource: of an execution the state machine's name, perhaps a map run's label, and its own name. */
  readonly name: string;
}

const STATES_ARN = /^arn:([a-z-]{1,32}):states:([a-z0-9-]{1,40}):(\d{10,12}):([a-zA-Z]{1,40}):(\S+)$/u;
const EXECUTION_NAME = /^(?:[^\s:]+:)+[^\s:]+$/u;

function parseStatesArn(text: string): StatesArn | undefined {
  if (text.length > EXECUTION_ARN_CHARACTERS_MAX) return undefined;
  const [, partition = '', region = '', account = '', resource = '', name] = STATES_ARN.exec(text) ?? [];
  return name === undefined ? undefined : { partition, region, account, resource, name };
}

/** The parts of an execution's ARN; undefined for any other text. */
export function parseExecutionArn(text: string): ExecutionArn | undefined {
  const arn = parseStatesArn(text);
  if (!arn || !EXECUTION_NAME.test(arn.name)) return undefined;
  const { partition, region, account, resource } = arn;
  if (resource !== 'execution' && resource !== 'express') return undefined;
  if (!isAwsPartition(partition) || partition !== (awsPartition(region) ?? partition)) return undefined;
  return { partition, region, account, type: resource === 'express' ? 'express' : 'standard' };
}

/** Whether an id belongs to Step Functions; all others are Things Graph's. */
export const isExecutionArn = (id: string): boolean => parseExecutionArn(id) !== undefined;

const EXECUTION_ARN_FORM =
  'arn:<partition>:states:<region>:<account>:execution:<state machine>:<execution name>';

/** What callers give in place of an execution's ARN, by the type of its ARN. */
const OTHER_RESOURCES: ReadonlyMap<string, string> = new Map([
  [
    'stateMachine',
    `is the ARN of a state machine. Give the ARN of one of its executions: ${EXECUTION_ARN_FORM}.`,
  ],
  [
    'mapRun',
    'is the ARN of a map run. Give the ARN of the execution that started it, or of one of its child executions: ' +
      `${EXECUTION_ARN_FORM}.`,
  ],
  ['activity', `is the ARN of an activity. Give the ARN of an execution: ${EXECUTION_ARN_FORM}.`],
  [
    'express',
    'is the ARN of an EXPRESS execution. Step Functions keeps no history of these: look in its CloudWatch logs. Give the ' +
      `ARN of a STANDARD execution: ${EXECUTION_ARN_FORM}.`,
  ],
]);

/** Pages of AWS's console: `us-west-2.console.aws.amazon.com`, `console.amazonaws.cn`, `console.c2s.ic.gov`, … */
const CONSOLE_URL = /^(?:https?:\/\/)?(?:[\w-]+\.)*console\.(?:aws|amazonaws|[\w-]*c2s|cloud|csp)[\w-]*\./i;

/**
 * A sentence about an id that stands in place of an execution's id: what it is, and what to give instead. Undefined if it may
 * be an execution's. No source has an execution of such an id, so it need not be asked.
 */
export function notAnExecution(id: string): string | undefined {
  const text = id.trim();
  if (CONSOLE_URL.test(text)) {
    return `is the address of a page of the AWS console. Give the execution ARN that the page shows: ${EXECUTION_ARN_FORM}.`;
  }
  if (!/^arn:/i.test(text) || parseExecutionArn(id)?.type === 'standard') return undefined;
  if (text !== id) return 'has spaces around an ARN. Remove them.';
  const arn = parseStatesArn(id);
  const other = arn && OTHER_RESOURCES.get(arn.resource);
  if (other !== undefined) return other;
  const partition = arn?.resource === 'execution' ? awsPartition(arn.region) : undefined;
  if (arn && partition !== undefined && partition !== arn.partition) {
    return `is an ARN whose partition does not have its region. ARNs of that region begin with arn:${partition}:.`;
  }
  return `is not the ARN of a Step Functions execution. Give one of the form ${EXECUTION_ARN_FORM}.`;
}

/** Regions and accounts as SFN_ALLOWED lists them: `us-west-2:123456789012`. */
export type AllowedAccounts = ReadonlySet<string>;

/** Where the executions of SFN_ALLOWED are: on AWS, or on a server that has its own names of regions and shorter accounts. */
export type AllowedOn = 'aws' | 'other-server';

const entriesOf = (setting: string): readonly string[] =>
  setting
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

/** The entry of SFN_ALLOWED that could not name any execution; undefined if each could. */
export const wrongAllowedAccount = (setting: string, on: AllowedOn): string | undefined =>
  entriesOf(setting).find((entry) => {
    const [region = '', account = '', ...more] = entry.split(':');
    if (more.length > 0) return true;
    return on === 'aws'
      ? !isAwsRegion(region) || !/^\d{12}$/.test(account)
      : !/^[a-z0-9-]{1,40}$/.test(region) || !/^\d{10,12}$/.test(account);
  });

/** Reads `region:account,…`; undefined if an entry could not name any execution. Empty: nobody's executions are read. */
export const parseAllowedAccounts = (
  setting: string,
  on: AllowedOn = 'other-server',
): AllowedAccounts | undefined =>
  wrongAllowedAccount(setting, on) === undefined ? new Set(entriesOf(setting)) : undefined;

export const isAllowed = (allowed: AllowedAccounts, { region, account }: ExecutionArn): boolean =>
  allowed.has(`${region}:${account}`);
