/**
 * How an execution ended, as far as the payloads of its messages show. Payloads are opaque, and each source
 * has its own: only its EndingReader knows them.
 */
import type { Message } from './message.ts';

export interface FailureReason {
  /** The step that failed. */
  readonly step?: string;
  /** The error's name, if the payload has one. A state machine can put data in its place. */
  readonly error?: string;
  /** Customers' data, like a payload. */
  readonly cause?: string;
}

/** The failure that ended an unsuccessful execution. */
export interface FailureFacts extends FailureReason {
  readonly messageId?: string;
  readonly eventType?: string;
  readonly timestamp?: string;
  /** The earlier failure that a handler reacted to by ending the execution. */
  readonly causedBy?: FailureReason;
}

export interface Ending {
  /** The source's own word for the status. */
  readonly upstreamStatus?: string;
  /** Absent for an execution that succeeded. `index` is that of its message among those that were read. */
  readonly failure?: { readonly index: number; readonly facts: FailureFacts };
}

/** Messages before the end that are searched for the failure. */
export const ENDING_MESSAGES_MAX = 500;

/**
 * Reads the newest messages of a history, oldest first. Undefined if the last one is not an end, or its
 * payload is not one of this source's.
 */
export type EndingReader = (newest: readonly Message[]) => Ending | undefined;
