/**
 * The statuses of executions in the words of Step Functions, what they are here, and the events that end an
 * execution with them.
 */
import type { Status, UpstreamEventType } from './event-types.ts';

/** Flowtap's status for each of AWS's. */
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
 * AWS's status of an execution whose history ends with this type of event; undefined if the event ends none.
 */
export const upstreamStatusAfter = (eventType: unknown): string | undefined => ENDS.get(eventType);
