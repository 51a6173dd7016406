/**
 * The facts that Step Functions reports about an execution in DescribeExecution and ListExecutions. They are
 * derived from the execution's history.
 */
import type { View, WireEvent } from './history.ts';

export interface ExecutionFacts {
  readonly executionArn: string;
  /** The ARN of its state machine. For a child of a map run: `…:stateMachine:<name>/<label>`. */
  readonly stateMachineArn: string;
  readonly name: string;
  readonly status: string;
  /** Epoch seconds with a fraction, like all dates here. */
  readonly startDate: number;
  readonly stopDate?: number;
  readonly redriveCount: number;
  readonly redriveDate?: number;
}

const STATUS_OF_END: ReadonlyMap<string, string> = new Map([
  ['ExecutionSucceeded', 'SUCCEEDED'],
  ['ExecutionFailed', 'FAILED'],
  ['ExecutionTimedOut', 'TIMED_OUT'],
  ['ExecutionAborted', 'ABORTED'],
]);

export function executionFacts(executionArn: string, view: View<WireEvent>, nowMs: number): ExecutionFacts {
  const [prefix = '', machine, name = ''] = executionArn.split(/:execution:|:(?=[^:]*$)/);
  const events = Array.from({ length: view.count }, (_, position) => view.message(position));
  const end = events.at(-1);
  const status = STATUS_OF_END.get(end?.type ?? '');
  const redrives = events.filter(({ type }) => type === 'ExecutionRedriven');
  const redriveDate = redrives.at(-1)?.timestamp;
  return {
    executionArn,
    stateMachineArn: `${prefix}:stateMachine:${machine}`,
    name,
    status: status ?? 'RUNNING',
    startDate: events[0]?.timestamp ?? nowMs / 1000,
    ...(status !== undefined && end && { stopDate: end.timestamp }),
    redriveCount: redrives.length,
    ...(redriveDate !== undefined && { redriveDate }),
  };
}
