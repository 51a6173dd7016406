/**
 * The executions that a history names: those that it started, and the one that started it. Payloads are
 * opaque, and each source has its own form: only its LineageReader can read them.
 */
import type { MapRunRef } from '../core/execution-arn.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import type { Message } from './message.ts';

/** An execution, or a map run, which starts any number of them. */
export type Started = ExecutionRef | MapRunRef;

export interface LineageReader {
  /** Messages of other types start nothing. */
  readonly startTypes: readonly string[];
  /** Undefined: the message started nothing. Each execution is named by one message only. */
  started(message: Message): Started | undefined;
  readonly parent: ParentReader;
}

/** The id of the execution that started this one, if the first message of its history names it. */
export type ParentReader = (first: Message) => string | undefined;
