/**
 * The grammar of ARNs that name executions of Step Functions, their state machines and their map runs. A
 * caller's ARN decides which host is called and which account's role is assumed, so only a well-formed one is
 * accepted.
 *
 * The region of an ARN may be any name: local servers that implement the service use their own (`local`).
 * Only AWS's regions become part of a host name (aws-region.ts).
 *
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html#resources
 */
import { awsPartition, isAwsPartition } from './aws-region.ts';

/** The model's bound of `executionArn`. */
export const EXECUTION_ARN_CHARACTERS_MAX = 256;

/** Where something of Step Functions is. */
export interface ArnPlace {
  /** `aws`, `aws-cn`, `aws-us-gov`, … */
  readonly partition: string;
  readonly region: string;
  /** Twelve digits; local servers accept fewer. */
  readonly account: string;
}

/** Names a state machine, or one of its map runs. */
export interface MachineNames {
  readonly machine: string;
  /** The label of a map run. Map runs have it, and the executions that they started. */
  readonly label?: string;
}

export interface ExecutionArn extends ArnPlace, MachineNames {
  /** `express`: Step Functions keeps no history of these. */
  readonly type: 'standard' | 'express';
  /** The execution's own name. */
  readonly name: string;
}

/** A reference to a map run. Plain data, so that it crosses an RPC boundary. */
export interface MapRunRef {
  readonly mapRunArn: string;
  readonly arn: ArnPlace & MachineNames;
}

interface StatesArn extends ArnPlace {
  /** `execution`, `express`, `stateMachine`, `mapRun`, `activity`. */
  readonly resource: string;
  /**
   * What follows the resource: of an execution the state machine's name, perhaps a map run's label, and its
   * own name.
   */
  readonly name: string;
}

const STATES_ARN = /^arn:([a-z-]{1,32}):states:([a-z0-9-]{1,40}):(\d{10,12}):([a-zA-Z]{1,40}):(\S+)$/u;
/**
 * `<state machine>:<execution name>`; a child of a map run has `<state machine>/<label>:<id>`, like the map
 * run itself.
 */
const EXECUTION_NAMES = /^([^\s:/]+)(?:\/([^\s:]+))?:((?:[^\s:]+:)*[^\s:]+)$/u;
const MACHINE_NAME = /^[^\s:/]+$/u;
/** `<state machine>:<version, a number>` or `<state machine>:<alias>`. */
const QUALIFIED_MACHINE_NAME = /^([^\s:/]+):[^\s:]+$/u;

function parseStatesArn(text: string): StatesArn | undefined {
  if (text.length > EXECUTION_ARN_CHARACTERS_MAX) return undefined;
  const [, partition = '', region = '', account = '', resource = '', name] = STATES_ARN.exec(text) ?? [];
  return name === undefined ? undefined : { partition, region, account, resource, name };
}

/** The parts of an execution's ARN; undefined for any other text. */
export function parseExecutionArn(text: string): ExecutionArn | undefined {
  const arn = parseStatesArn(text);
  if (arn?.resource !== 'execution' && arn?.resource !== 'express') return undefined;
  const parts = partsOf(arn);
  return parts && { ...parts, type: arn.resource === 'express' ? 'express' : 'standard' };
}

/** Undefined if the names are malformed. */
function partsOf(arn: StatesArn): Omit<ExecutionArn, 'type'> | undefined {
  const [, machine, label, name] = EXECUTION_NAMES.exec(arn.name) ?? [];
  const place = placeOf(arn);
  if (!place || machine === undefined || name === undefined) return undefined;
  return { ...place, machine, ...(label !== undefined && { label }), name };
}

/** Undefined if the partition does not have the region. */
const placeOf = ({ partition, region, account }: StatesArn): ArnPlace | undefined =>
  isAwsPartition(partition) && partition === (awsPartition(region) ?? partition)
    ? { partition, region, account }
    : undefined;

/**
 * Place and name of a state machine's ARN; undefined for any other text, and for the ARN of a version or an
 * alias.
 */
export function parseStateMachineArn(text: string): { place: ArnPlace; name: string } | undefined {
  const arn = parseStatesArn(text);
  if (arn?.resource !== 'stateMachine' || !MACHINE_NAME.test(arn.name)) return undefined;
  const place = placeOf(arn);
  return place && { place, name: arn.name };
}

/** The reference of a map run's ARN; undefined for any other text. */
export function parseMapRunRef(mapRunArn: string): MapRunRef | undefined {
  const arn = parseStatesArn(mapRunArn);
  const parts = arn?.resource === 'mapRun' ? partsOf(arn) : undefined;
  if (parts?.label === undefined || parts.name.includes(':')) return undefined;
  const { name: _name, ...of } = parts;
  return { mapRunArn, arn: of };
}

/** The ARN of a resource of Step Functions. */
export const statesArn = ({ partition, region, account }: ArnPlace, resource: string, name: string): string =>
  `arn:${partition}:states:${region}:${account}:${resource}:${name}`;

/** As ARNs have them: `<state machine>` or `<state machine>/<label>`. */
export const labelledMachine = ({ machine, label }: MachineNames): string =>
  label === undefined ? machine : `${machine}/${label}`;

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

/**
 * Pages of AWS's console: `us-west-2.console.aws.amazon.com`, `console.amazonaws.cn`, `console.c2s.ic.gov`, …
 */
const CONSOLE_URL = /^(?:https?:\/\/)?(?:[\w-]+\.)*console\.(?:aws|amazonaws|[\w-]*c2s|cloud|csp)[\w-]*\./i;

/**
 * A sentence about an id that is not the ARN of a STANDARD execution but looks like a caller's mistake for
 * one: what it is, and what to give instead. Undefined if it may be an execution of another source. No source
 * has an execution with such an id, so none is called.
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

/**
 * The head of a pattern's ARN, in which a `*` may stand for region and account; its resource; and the name of
 * a state machine.
 */
const PATTERN_OF_OTHERS =
  /^(arn:[^:]*:states:[^:]*(?::[\d*]*)?):(stateMachine|mapRun|activity|express):([^:/]*)/;

/**
 * What is wrong with a pattern (`*` matches anything) that is meant for executions but names something else,
 * which has no history here: it would never match. Ends a sentence, without a full stop. Undefined for any
 * other pattern.
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

const MACHINE_ARN_FORM = 'arn:<partition>:states:<region>:<account>:stateMachine:<state machine>';

/**
 * A sentence about a text that looks like the ARN of a flow and names none: what it is, and what to give
 * instead. Undefined if it does not look like an ARN.
 */
export function notAStateMachine(text: string): string | undefined {
  if (!/^\s*arn:/i.test(text)) return undefined;
  if (text.trim() !== text) return 'has spaces around an ARN. Remove them.';
  const arn = parseStatesArn(text);
  const { partition = '', region = '', account = '', resource, name = '' } = arn ?? {};
  const head = `arn:${partition}:states:${region}:${account}:stateMachine`;
  const [, qualified] = QUALIFIED_MACHINE_NAME.exec(name) ?? [];
  if (resource === 'stateMachine' && qualified !== undefined) {
    return `is the ARN of a version or an alias. Give the ARN of the state machine: ${head}:${qualified}.`;
  }
  const [machine] = name.split(/[:/]/);
  if (machine !== undefined && machine !== '' && RUNS_OF_MACHINES.has(resource ?? '')) {
    return `is the ARN of one run. Give the ARN of its state machine: ${head}:${machine}.`;
  }
  return `is not the ARN of a state machine. Give one of the form ${MACHINE_ARN_FORM}.`;
}

/** Resources whose names begin with that of a state machine. */
const RUNS_OF_MACHINES: ReadonlySet<string> = new Set(['execution', 'express', 'mapRun']);
