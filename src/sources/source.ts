/**
 * The port of an upstream from which histories are read. Only Executions call it. For each execution, one
 * call is in flight at a time (invariant 3).
 */
import type { Result, SourceFailure } from '../core/errors.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import type { Status } from '../messages/event-types.ts';
import type { Message } from '../messages/message.ts';

export interface SourcePage {
  /** In upstream order. Can be empty even with a next token. */
  readonly messages: readonly Message[];
  /**
   * The upstream's token for the next page. Never shown to a caller. Absent on the last page, which has the
   * newest messages.
   */
  readonly nextToken?: string;
}

/** The facts about an execution that an upstream reports without its history. */
export interface SourceDescription {
  /** The status as the upstream names it. */
  readonly upstreamStatus: string;
  /** The status in Flowtap's terms. Absent if Flowtap does not know the upstream's status. */
  readonly status?: Status;
  /** ISO 8601. */
  readonly startedAt?: string;
  /** ISO 8601. After a redrive, this is the latest end. */
  readonly endedAt?: string;
  /** How often the execution was redriven, and the time of the last redrive. */
  readonly redriveCount?: number;
  readonly redrivenAt?: string;
  /** True if the execution can be redriven. Absent if the upstream does not report it. */
  readonly redrivable?: boolean;
  /**
   * The upstream's answer without input and output, which the history has. It is archived, because the
   * upstream eventually deletes it.
   */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Input and output of the answer, if they were requested. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * `with-data` also requests input and output, for which the upstream might require another permission.
 * Default: `metadata`.
 */
export type DescriptionParts = 'metadata' | 'with-data';

/**
 * An execution that cannot exist. Requesting it shows whether credentials, permissions and region are right,
 * without changing anything.
 */
export interface ProbeTarget {
  readonly region: string;
  /** If absent, the account that the credentials belong to. */
  readonly account?: string;
  readonly executionId: string;
}

/**
 * Why a call is made. `poll` serves the listeners of a followed execution. `reader` serves a tenant that
 * reads, and the tenant is charged for the call. `background` is the walk that archives a history. Budgets
 * serve them in this order (call-budget/call-queue.ts).
 */
export type CallOrigin =
  | { readonly class: 'background' }
  /** `tenant` is one of the tenants that listen. Budgets are fair between tenants for polls, too. */
  | { readonly class: 'poll'; readonly tenant?: string }
  | { readonly class: 'reader'; readonly tenant: string };

export interface CallOptions {
  readonly origin: CallOrigin;
  /** Aborts the call, which then fails with `upstream-timeout`. */
  readonly signal?: AbortSignal;
  /** Called for each request to the upstream, retries included. Budgets and the log count these requests. */
  readonly onAttempt?: () => void;
}

export interface Source {
  /**
   * A stable, short name (`things-graph`, `step-functions`). It is part of cursors, archive keys and log
   * lines.
   */
  readonly name: string;
  /** The largest `limit` that `page` accepts: the number of messages in a full page. */
  readonly pageSizeMax: number;
  /**
   * How long after its end an unsuccessful execution can be redriven. Absent if executions cannot be
   * redriven.
   */
  readonly redrivableMs?: number;
  /**
   * One target for each region and account in the settings. If all is well, `page` for a target fails with
   * `upstream-not-found`.
   */
  readonly probeTargets?: readonly ProbeTarget[];
  /**
   * Returns the page that `token` names, or the first page if `token` is undefined. The page has at most
   * `limit` messages; a source may return fewer. Retries temporary failures within the source's own time
   * limit.
   */
  page(
    ref: ExecutionRef,
    token: string | undefined,
    limit: number,
    call: CallOptions,
  ): Promise<Result<SourcePage, SourceFailure>>;
  /** Returns status and times without reading the history. Absent if the upstream has no such call. */
  describe?(
    ref: ExecutionRef,
    call: CallOptions,
    parts?: DescriptionParts,
  ): Promise<Result<SourceDescription, SourceFailure>>;
  /**
   * Raises the priority of calls for this execution that are still waiting for the call budget, because
   * another request needs them, too. `origin` is the origin of that request. From now on these calls wait no
   * longer than a new call of `origin` would.
   */
  raisePriority?(ref: ExecutionRef, origin: CallOrigin): void;
  /**
   * Returns the interval between polls of this execution at which the budget is enough for all followed
   * executions. It is longer than `wantedMs` if the budget is used up, and can be shorter if the budget has
   * room. `tenants` are the tenants whose listeners follow the execution. Call this at each poll.
   */
  pace?(ref: ExecutionRef, wantedMs: number, tenants: readonly string[]): number;
}
