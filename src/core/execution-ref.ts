/**
 * A reference to an execution, in the form that all rooms use. It is parsed once per request, where the id
 * enters (an HTTP path, an AWS body). Access, archive, Execution and source receive the parsed reference. It
 * is plain data, so that it can cross an RPC boundary.
 */
import { type ExecutionArn, parseExecutionArn } from './execution-arn.ts';

export interface ExecutionRef {
  /** The name of its source. Part of cursors, archive keys and log lines. */
  readonly source: string;
  readonly executionId: string;
  /** The parts of the id, if it is an ARN. */
  readonly arn?: ExecutionArn;
}

/**
 * Identifies an execution. Only these two members are ever stored, because the ARN can be parsed from the id.
 */
export type ExecutionName = Pick<ExecutionRef, 'source' | 'executionId'>;

export const THINGS_GRAPH = 'things-graph';
export const STEP_FUNCTIONS = 'step-functions';

/** Parses an id. The ARN of an execution belongs to Step Functions, any other id to Things Graph. */
export function parseExecutionRef(executionId: string): ExecutionRef {
  const arn = parseExecutionArn(executionId);
  return arn ? { source: STEP_FUNCTIONS, executionId, arn } : { source: THINGS_GRAPH, executionId };
}

/**
 * Restores the reference from a stored name. Keeps the stored source, even if a later version would choose
 * another source for the id.
 */
export const restoreExecutionRef = ({ source, executionId }: ExecutionName): ExecutionRef => ({
  ...parseExecutionRef(executionId),
  source,
});

/** A unique key of the execution. JSON keeps the two strings apart. */
export const executionKey = ({ source, executionId }: ExecutionName): string =>
  JSON.stringify([source, executionId]);

/**
 * A unique key of the execution for maps in memory. It is cheaper than `executionKey`, which is for stored
 * data. It is unique because no source's name contains a '/'.
 */
export const executionName = ({ source, executionId }: ExecutionName): string => `${source}/${executionId}`;

/** The members that name an execution in log lines. */
export const logNames = ({ source, executionId }: ExecutionName) => ({ source, execution: executionId });
