/**
 * Parses the ARNs of Step Functions executions, state machines and map runs. A caller's ARN decides which
 * host is called and which account's role is assumed, so only a well-formed ARN is accepted.
 *
 * Any region name is accepted, because local servers that implement Step Functions use their own (`local`).
 * Only AWS's regions become part of a host name (aws-region.ts).
 *
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html#resources
 */
import { awsPartition, isAwsPartition } from './aws-region.ts';

/** The maximum length of `executionArn` in AWS's API model. */
export const EXECUTION_ARN_CHARACTERS_MAX = 256;

/** The partition, region and account of a Step Functions resource. */
export interface ArnPlace {
  /** `aws`, `aws-cn`, `aws-us-gov`, … */
  readonly partition: string;
  readonly region: string;
  /** Twelve digits. Local servers accept fewer. */
  readonly account: string;
}

/** Names a state machine, or one of its map runs. */
export interface MachineNames {
  readonly machine: string;
  /** The label of a map run. Map runs and the executions that they started have one. */
  readonly label?: string;
}

export interface ExecutionArn extends ArnPlace, MachineNames {
  /** Step Functions keeps no history of `express` executions. */
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
   * What follows the resource. For an execution: the state machine's name, the label of a map run if it has
   * one, and the execution's own name.
   */
  readonly name: string;
}

const STATES_ARN = /^arn:([a-z-]{1,32}):states:([a-z0-9-]{1,40}):(\d{10,12}):([a-zA-Z]{1,40}):(\S+)$/u;
/** `<state machine>:<execution name>`. Map runs and their children have `<state machine>/<label>:<id>`. */
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

/** Undefined if the names are malformed, or if the partition does not fit the region. */
function partsOf(arn: StatesArn): Omit<ExecutionArn, 'type'> | undefined {
  const [, machine, label, name] = EXECUTION_NAMES.exec(arn.name) ?? [];
  const place = placeOf(arn);
  if (!place || machine === undefined || name === undefined) return undefined;
  return { ...place, machine, ...(label !== undefined && { label }), name };
}

/** Undefined if the partition is unknown, or if the region belongs to another partition. */
const placeOf = ({ partition, region, account }: StatesArn): ArnPlace | undefined =>
  isAwsPartition(partition) && partition === (awsPartition(region) ?? partition)
    ? { partition, region, account }
    : undefined;

/**
 * Parses the ARN of a state machine. Undefined for any other text, including the ARN of a version or an
 * alias.
 */
export function parseStateMachineArn(text: string): { place: ArnPlace; name: string } | undefined {
  const arn = parseStatesArn(text);
  if (arn?.resource !== 'stateMachine' || !MACHINE_NAME.test(arn.name)) return undefined;
  const place = placeOf(arn);
  return place && { place, name: arn.name };
}

/** Parses the ARN of a map run; undefined for any other text. */
export function parseMapRunRef(mapRunArn: string): MapRunRef | undefined {
  const arn = parseStatesArn(mapRunArn);
  const parts = arn?.resource === 'mapRun' ? partsOf(arn) : undefined;
  if (parts?.label === undefined || parts.name.includes(':')) return undefined;
  const { name: _name, ...of } = parts;
  return { mapRunArn, arn: of };
}

/** Builds the ARN of a Step Functions resource. */
export const statesArn = ({ partition, region, account }: ArnPlace, resource: string, name: string): string =>
  `arn:${partition}:states:${region}:${account}:${resource}:${name}`;

/** The state machine as ARNs name it: `<state machine>` or `<state machine>/<label>`. */
export const labelledMachine = ({ machine, label }: MachineNames): string =>
  label === undefined ? machine : `${machine}/${label}`;

const EXECUTION_ARN_FORM =
  'arn:<partition>:states:<region>:<account>:execution:<state machine>:<execution name>';

/**
 * What to tell callers who give the ARN of another resource instead of an execution ARN, by resource type.
 */
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
 * Matches addresses of AWS console pages: `us-west-2.console.aws.amazon.com`, `console.amazonaws.cn`,
 * `console.c2s.ic.gov`, …
 */
const CONSOLE_URL = /^(?:https?:\/\/)?(?:[\w-]+\.)*console\.(?:aws|amazonaws|[\w-]*c2s|cloud|csp)[\w-]*\./i;

/**
 * Explains an id that was probably meant as the ARN of a STANDARD execution but is not one: what it is, and
 * what to give instead. Undefined if the id might belong to an execution of another source. If a text is
 * returned, no source can have an execution with this id, so no source needs to be called.
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
    return `is an ARN with the wrong partition for its region. ARNs of that region begin with arn:${partition}:.`;
  }
  return `is not the ARN of a Step Functions execution. Give one of the form ${EXECUTION_ARN_FORM}.`;
}

/**
 * Matches a pattern for ARNs whose resource is not `execution`. Group 1 is everything before the resource. In
 * it, one `*` can stand for region and account. Group 2 is the resource, group 3 the state machine's name.
 */
const PATTERN_OF_OTHERS =
  /^(arn:[^:]*:states:[^:]*(?::[\d*]*)?):(stateMachine|mapRun|activity|express):([^:/]*)/;

/**
 * Explains why a pattern for executions (`*` matches anything) would never match: it names another resource,
 * or is the address of a page. The caller puts the pattern's name before the text and a full stop after it.
 * Undefined for any other pattern.
 */
export function executionPatternMistake(pattern: string): string | undefined {
  if (CONSOLE_URL.test(pattern)) {
    return `is the address of a page of the AWS console. Give a pattern for execution ARNs: ${EXECUTION_ARN_FORM}`;
  }
  const [, head, resource = '', machine = ''] = PATTERN_OF_OTHERS.exec(pattern) ?? [];
  if (head === undefined) return undefined;
  const isMachine = resource === 'stateMachine' || resource === 'mapRun';
  const instead = isMachine ? `${head}:execution:${machine}:*` : EXECUTION_ARN_FORM;
  return `matches no execution, because it has ${resource} in the place of execution. Give ${instead}`;
}

const MACHINE_ARN_FORM = 'arn:<partition>:states:<region>:<account>:stateMachine:<state machine>';

/**
 * Explains a text that looks like an ARN but does not name a flow: what it is, and what to give instead.
 * Undefined if the text does not look like an ARN.
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

/** Resources whose names begin with the name of a state machine. */
const RUNS_OF_MACHINES: ReadonlySet<string> = new Set(['execution', 'express', 'mapRun']);
