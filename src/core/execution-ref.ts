/**
 * A reference to an execution: the one name by which all rooms pass it on. It is parsed once per request,
 * where the id enters (an HTTP path, an AWS body), and handed down whole to access, archive, Execution and
 * source. Plain data, so that it crosses an RPC boundary.
 */
import { type ExecutionArn, parseExecutionArn } from './execution-arn.ts';

export interface ExecutionRef {
  /** The name of its source. Part of cursors, archive keys and log lines. */
  readonly source: string;
  readonly executionId: string;
  /** The parts of the id, if it is an ARN. */
  readonly arn?: ExecutionArn;
}

/** What identifies an execution, and all that is ever stored of a reference: the ARN follows from the id. */
export type ExecutionName = Pick<ExecutionRef, 'source' | 'executionId'>;

export const THINGS_GRAPH = 'things-graph';
export const STEP_FUNCTIONS = 'step-functions';

/**
 * The reference of an id. The ARN of an execution belongs to Step Functions, any other id to Things Graph.
 */
export function parseExecutionRef(executionId: string): ExecutionRef {
  const arn = parseExecutionArn(executionId);
  return arn ? { source: STEP_FUNCTIONS, executionId, arn } : { source: THINGS_GRAPH, executionId };
}

/**
 * The reference of a stored name. Its source stays as stored, even if a later version would choose another by
 * the id.
 */
export const restoreExecutionRef = ({ source, executionId }: ExecutionName): ExecutionRef => ({
  ...parseExecutionRef(executionId),
  source,
});

/** Unique for each execution. JSON keeps the two strings apart. */
export const executionKey = ({ source, executionId }: ExecutionName): string =>
  JSON.stringify([source, executionId]);

/**
 * Unique for each execution, for maps in memory: cheaper than `executionKey`, which is stored. No source has
 * a '/' in its name.
 */
export const executionName = ({ source, executionId }: ExecutionName): string => `${source}/${executionId}`;

/** How log lines name it. */
export const logNames = ({ source, executionId }: ExecutionName) => ({ source, execution: executionId });
