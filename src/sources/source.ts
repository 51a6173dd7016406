/**
 * The port of an upstream that histories come from. Only the Execution talks to a source, one call at a time for each
 * execution (invariant 3).
 */
import type { Result, SourceFailure } from '../core/errors.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import type { Status } from '../messages/event-types.ts';
import type { Message } from '../messages/message.ts';

export interface SourcePage {
  /** In upstream order. May be empty even when there is a next token. */
  readonly messages: readonly Message[];
  /** The upstream's own token for what follows. Never shown to a caller. Absent: these are the newest messages. */
  readonly nextToken?: string;
}

/** What an upstream knows of an execution without its history. */
export interface SourceDescription {
  /** The upstream's own word. */
  readonly upstreamStatus: string;
  /** What it means here; absent when it is a word that we do not know. */
  readonly status?: Status;
  /** ISO 8601. */
  readonly startedAt?: string;
  /** Of the last end, when it was started again after an earlier one. */
  readonly endedAt?: string;
  /** How often it was started again after it had ended, and when last. */
  readonly redriveCount?: number;
  readonly redrivenAt?: string;
  /** False: it can't be started again. Absent: the upstream does not say. */
  readonly redrivable?: boolean;
}

export interface Source {
  /** Stable and short (`things-graph`, `step-functions`): part of cursors, archive keys and log lines. */
  readonly name: string;
  /** Messages in a full page, the most that `page` is asked for. */
  readonly pageSizeMax: number;
  /** How long an unsuccessful execution can be started again after its end; absent: an end is the end. */
  readonly redrivableMs?: number;
  /**
   * One page from `token` on (undefined: from the start), `limit` messages at the most; a source may return fewer.
   * Retries what passes within its own time budget. `signal` ends the call early (then `upstream-timeout`).
   * `onAttempt` is told of each request as it goes to the upstream, retries included: budgets and the log count those.
   */
  page(
    ref: ExecutionRef,
    token: string | undefined,
    limit: number,
    signal?: AbortSignal,
    onAttempt?: () => void,
  ): Promise<Result<SourcePage, SourceFailure>>;
  /** Status and times without reading the history, where the upstream has such a call. */
  describe?(
    ref: ExecutionRef,
    signal?: AbortSignal,
    onAttempt?: () => void,
  ): Promise<Result<SourceDescription, SourceFailure>>;
  /**
   * How far apart polls must be at the least for all executions that are followed to get their turn, told that this one is
   * and would be polled every `wantedMs`. Asked at each poll. 0: as wanted.
   */
  pace?(ref: ExecutionRef, wantedMs: number): number;
}
