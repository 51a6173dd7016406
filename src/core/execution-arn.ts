/**
 * The grammar of ARNs that name executions of Step Functions. An ARN comes from a caller and decides which host is called and
 * which account's role is assumed, so only a well-formed one passes.
 *
 * The region of an ARN may be any name: local servers that implement the service use their own (`local`). Only AWS's regions
 * become part of a host name (aws-region.ts).
 *
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html#resources
 */
import { awsPartition, isAwsPartition } from './aws-region.ts';

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
 * A sentence about an id that is not the ARN of a STANDARD execution but looks like a caller's mistake for one: what it is, and
 * what to give instead. Undefined if it may be an execution of another source. No source has an execution of such an id, so
 * none is asked.
 */
export function notAnExecution(id: string): string | undefined {
  const text = id.trim();
  if (CONSOLE_URL.test(text)) {
    return `is the address of a page of the AWS console. Give the execution ARN that the page shows: ${EXECUTION_ARN_FORM}.`;
  }
  if (!/^arn:/i.test(text)) return undefined;
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

/** The head of a pattern's ARN, in which a `*` may stand for region and account; its resource; and the name of a state machine. */
const PATTERN_OF_OTHERS =
  /^(arn:[^:]*:states:[^:]*(?::[\d*]*)?):(stateMachine|mapRun|activity|express):([^:/]*)/;

/**
 * What is wrong with a pattern (`*` matches anything) that is meant for executions but names something else, which has no history
 * here: it would never match. Ends a sentence, without a full stop. Undefined for any other pattern.
 */
export function executionPatternMistake(pattern: string): string | undefined {
  if (CONSOLE_URL.test(pattern)) {
    return `is the address of a page of the AWS console. Give a pattern for execution ARNs: ${EXECUTION_ARN_FORM}`;
  }
  const [, head, resource = '', machine = ''] = PATTERN_OF_OTHERS.exec(pattern) ?? [];
  if (head === undefined) return undefined;
  const isMachine = resource === 'stateMachine' || resource === 'mapRun';
  const instead = isMachine ? `${head}:execution:${machine}:*` : EXECUTION_ARN_FORM;
  return `matches no execution, because of ${resource} in the place of execution. Give ${instead}`;
}
