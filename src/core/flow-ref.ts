/**
 * A reference to a flow: a state machine of Step Functions, or a workflow of Things Graph, whose executions
 * can be listed. Plain data, so that it crosses an RPC boundary.
 *
 * A flow of Step Functions is named by its ARN. Things Graph cannot list workflows, so its flows are named by
 * the beginning of their executions' ids, up to and including the workflow's name
 * (`urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow`).
 */
import {
  type ArnPlace,
  type MachineNames,
  labelledMachine,
  notAStateMachine,
  parseStateMachineArn,
  statesArn,
} from './execution-arn.ts';
import { type ExecutionRef, STEP_FUNCTIONS, THINGS_GRAPH } from './execution-ref.ts';

export interface FlowRef {
  /** The name of its source. */
  readonly source: string;
  /** How callers name the flow: by the state machine's ARN, or by the beginning of its executions' ids. */
  readonly flow: string;
  /** The flow's own name, for people: `SecurityFlow`. */
  readonly name: string;
  /** The state machine's partition, region and account. Absent for a workflow. */
  readonly arn?: ArnPlace;
}

/**
 * In the ids of executions, `_` and the start time follow the workflow's name. Neither real names nor AWS's
 * model of the name contain colons.
 */
const START_TIME = String.raw`_\d{4}-\d{2}-\d{2}T\d{2}:\d{2}`;
const WORKFLOW = /^urn:tdm:[^\s:]+:Workflow:([^\s:]+)$/u;
const WORKFLOW_EXECUTION = new RegExp(String.raw`^(urn:tdm:[^\s:]+:Workflow:([^\s:]+?))${START_TIME}`, 'u');

/** Parses the name of a flow; undefined for any other text, which `notAFlow` explains. */
export function parseFlowRef(text: string): FlowRef | undefined {
  const machine = parseStateMachineArn(text);
  if (machine) return { source: STEP_FUNCTIONS, flow: text, name: machine.name, arn: machine.place };
  const [, name] = WORKFLOW.exec(text) ?? [];
  return name === undefined ? undefined : { source: THINGS_GRAPH, flow: text, name };
}

/** Explains a text that `parseFlowRef` refuses: what it is, and what to give instead. */
export function notAFlow(text: string): string {
  const [, workflow] = WORKFLOW_EXECUTION.exec(text) ?? [];
  if (workflow !== undefined) return `is the id of one execution. Give the id of its workflow: ${workflow}.`;
  return (
    notAStateMachine(text) ??
    'is not a flow. Give the ARN of a state machine, or the part of an execution id up to the name of its workflow: ' +
      'urn:tdm:<region>/<account>/<namespace>:Workflow:<name>.'
  );
}

/**
 * The flow of an execution, including a map run's child. Undefined for EXPRESS executions, and for ids that
 * name no flow, such as UUIDs.
 */
export function flowOf({ source, executionId, arn }: ExecutionRef): FlowRef | undefined {
  if (arn) return arn.type === 'standard' ? machineFlow(source, arn, arn.machine) : undefined;
  const [, flow, name] = WORKFLOW_EXECUTION.exec(executionId) ?? [];
  return flow === undefined || name === undefined ? undefined : { source, flow, name };
}

/** The flow as AWS names it for a map run and its executions: the name includes the map run's label. */
export const labelledFlow = (arn: ArnPlace & MachineNames): FlowRef =>
  machineFlow(STEP_FUNCTIONS, arn, labelledMachine(arn));

function machineFlow(source: string, { partition, region, account }: ArnPlace, name: string): FlowRef {
  const arn = { partition, region, account };
  return { source, flow: statesArn(arn, 'stateMachine', name), name, arn };
}

/**
 * The prefix that the ids of a flow's executions share, except for the children of map runs. It does not
 * identify the flow: the ids of workflow `Door_2` also begin with the prefix of workflow `Door`. Use `flowOf`
 * to find the flow of an id.
 */
export const executionPrefix = ({ flow, name, arn }: FlowRef): string =>
  arn ? statesArn(arn, 'execution', `${name}:`) : `${flow}_`;

/** True if a map run started this execution. The list of its flow then does not contain it. */
export const isMapRunChild = ({ arn }: Pick<ExecutionRef, 'arn'>): boolean => arn?.label !== undefined;

/** The execution's own name within its flow: the last part of an ARN, or what follows the workflow's name. */
export function executionNameOf(ref: ExecutionRef): string | undefined {
  if (ref.arn) return ref.arn.name;
  const flow = flowOf(ref);
  return flow && ref.executionId.slice(executionPrefix(flow).length);
}

/** The members that name an execution and its flow in lists. */
export function namesOf(ref: ExecutionRef): { readonly flow?: string; readonly name?: string } {
  const flow = flowOf(ref)?.flow;
  const name = executionNameOf(ref);
  return { ...(flow !== undefined && { flow }), ...(name !== undefined && { name }) };
}
