/**
 * Reads from a history which executions it started, and which execution started it. Each source has its own
 * format of payloads, which only its LineageReader can parse.
 */
import type { MapRunRef } from '../core/execution-arn.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import type { Message } from './message.ts';

/** What a message started: an execution, or a map run, which starts any number of executions. */
export type Started = ExecutionRef | MapRunRef;

export interface LineageReader {
  /** The types of messages that can start something. */
  readonly startTypes: readonly string[];
  /**
   * What the message started, or undefined if it started nothing. Each started execution is named by only one
   * message.
   */
  started(message: Message): Started | undefined;
  readonly parent: ParentReader;
}

/** The id of the execution that started this one, if the first message of its history names it. */
export type ParentReader = (first: Message) => string | undefined;
