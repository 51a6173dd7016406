/**
 * Maps the statuses of Step Functions to Flowtap's, and terminal events to the statuses of Step Functions.
 */
import type { Status, UpstreamEventType } from './event-types.ts';

/** Flowtap's status for each status of Step Functions. */
export const STATUS_OF_UPSTREAM: ReadonlyMap<string, Status> = new Map([
  ['RUNNING', 'RUNNING'],
  ['PENDING_REDRIVE', 'RUNNING'],
  ['SUCCEEDED', 'SUCCEEDED'],
  ['FAILED', 'FAILED'],
  ['TIMED_OUT', 'FAILED'],
  ['ABORTED', 'ABORTED'],
]);

const STATUS_OF_END: { readonly [T in UpstreamEventType]?: string } = {
  ExecutionSucceeded: 'SUCCEEDED',
  ExecutionFailed: 'FAILED',
  ExecutionTimedOut: 'TIMED_OUT',
  ExecutionAborted: 'ABORTED',
};
const ENDS: ReadonlyMap<unknown, string> = new Map(Object.entries(STATUS_OF_END));

/**
 * Returns the Step Functions status of an execution that ended with this type of event, or undefined if the
 * type is not terminal.
 */
export const upstreamStatusAfter = (eventType: unknown): string | undefined => ENDS.get(eventType);
