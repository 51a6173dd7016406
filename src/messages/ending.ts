/**
 * What the payloads of an execution tell about its end. Each source has its own format of payloads, which
 * only its EndingReader can parse.
 */
import type { Message } from './message.ts';

export interface FailureReason {
  /** The step that failed. */
  readonly step?: string;
  /** The error's name, if the payload has one. A state machine can put data in place of a name. */
  readonly error?: string;
  /** The explanation of the error. It is customers' data, like a payload. */
  readonly cause?: string;
}

/** The failure that ended an unsuccessful execution. */
export interface FailureFacts extends FailureReason {
  readonly messageId?: string;
  readonly eventType?: string;
  readonly timestamp?: string;
  /** Set if an error handler ended the execution: the earlier failure that the handler reacted to. */
  readonly causedBy?: FailureReason;
}

export interface Ending {
  /** The status in the source's own words. */
  readonly upstreamStatus?: string;
  /**
   * Absent if the execution succeeded. `index` is the failed message's index in the messages passed to the
   * EndingReader.
   */
  readonly failure?: { readonly index: number; readonly facts: FailureFacts };
}

/** How many messages before the end are searched for the failure. */
export const ENDING_MESSAGES_MAX = 500;

/**
 * Reads how a history ended from its newest messages, given oldest first. Undefined if the last message is
 * not terminal, or its payload is not in this source's format.
 */
export type EndingReader = (newest: readonly Message[]) => Ending | undefined;
