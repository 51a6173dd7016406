/**
 * The port of an upstream that histories are read from. Only the Execution calls a source, one call at a time
 * for each execution (invariant 3).
 */
import type { Result, SourceFailure } from '../core/errors.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import type { Status } from '../messages/event-types.ts';
import type { Message } from '../messages/message.ts';

export interface SourcePage {
  /** In upstream order. May be empty even with a next token. */
  readonly messages: readonly Message[];
  /**
   * The upstream's own token for the next page. Never shown to a caller. Absent: these are the newest
   * messages.
   */
  readonly nextToken?: string;
}

/** What an upstream reports about an execution without its history. */
export interface SourceDescription {
  /** The upstream's own word. */
  readonly upstreamStatus: string;
  /** The same in our words; absent if the upstream's word is unknown. */
  readonly status?: Status;
  /** ISO 8601. */
  readonly startedAt?: string;
  /** The latest end, if it was redriven after an earlier one. */
  readonly endedAt?: string;
  /** How often it was redriven, and when last. */
  readonly redriveCount?: number;
  readonly redrivenAt?: string;
  /** False: it cannot be redriven. Absent: the upstream does not say. */
  readonly redrivable?: boolean;
  /**
   * The answer itself, for the archive: the upstream deletes it one day. Without input and output, which the
   * history has.
   */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Input and output of the answer, if they were requested. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * Whether a description has input and output, too. The upstream may need another permission for these.
 * Default: `metadata`.
 */
export type DescriptionParts = 'metadata' | 'with-data';

/**
 * An execution that cannot exist. A call for it shows whether credentials, permissions and region are right,
 * and changes nothing.
 */
export interface ProbeTarget {
  readonly region: string;
  /** Absent: the account of the credentials. */
  readonly account?: string;
  readonly executionId: string;
}

/**
 * Why a call is made. `poll`: for the listeners of a followed execution. `reader`: a tenant wants to read,
 * and is charged for the call. `background`: the walk that archives a history. Budgets serve them in this
 * order (call-budget/call-queue.ts).
 */
export type CallOrigin =
  | { readonly class: 'background' }
  /** A tenant that listens: polls are fair between tenants, too. */
  | { readonly class: 'poll'; readonly tenant?: string }
  | { readonly class: 'reader'; readonly tenant: string };

/** The options of a call. */
export interface CallOptions {
  readonly origin: CallOrigin;
  /** Ends the call early (then `upstream-timeout`). */
  readonly signal?: AbortSignal;
  /** Called for each request to the upstream, retries included: budgets and the log count them. */
  readonly onAttempt?: () => void;
}

export interface Source {
  /** Stable and short (`things-graph`, `step-functions`): part of cursors, archive keys and log lines. */
  readonly name: string;
  /** Messages in a full page: the largest `limit` of `page`. */
  readonly pageSizeMax: number;
  /** How long an unsuccessful execution can be redriven after its end. Absent: never. */
  readonly redrivableMs?: number;
  /**
   * One for each region and account in the settings. A healthy source answers `page` for it with
   * `upstream-not-found`.
   */
  readonly probeTargets?: readonly ProbeTarget[];
  /**
   * One page from `token` on (undefined: from the start) with at most `limit` messages; a source may return
   * fewer. Retries temporary failures within its own time budget.
   */
  page(
    ref: ExecutionRef,
    token: string | undefined,
    limit: number,
    call: CallOptions,
  ): Promise<Result<SourcePage, SourceFailure>>;
  /** Status and times without reading the history, if the upstream has such a call. */
  describe?(
    ref: ExecutionRef,
    call: CallOptions,
    parts?: DescriptionParts,
  ): Promise<Result<SourceDescription, SourceFailure>>;
  /**
   * Another request, of `origin`, also needs the calls about this execution that are waiting for a budget.
   * From now on they wait no longer than a new call of `origin` would.
   */
  raisePriority?(ref: ExecutionRef, origin: CallOrigin): void;
  /**
   * The interval between polls of this execution at which the budget suffices for all followed executions. It
   * is longer than `wantedMs` if the budget is used up, shorter if the budget has room. `tenants`: whose
   * listeners follow the execution. Called at each poll.
   */
  pace?(ref: ExecutionRef, wantedMs: number, tenants: readonly string[]): number;
}
