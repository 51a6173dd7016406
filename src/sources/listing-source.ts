/**
 * The port of an upstream that lists flows and their executions. Its calls are apart from those that read
 * histories (source.ts): AWS counts them in another, smaller quota.
 */
import type { ArnPlace, MapRunRef } from '../core/execution-arn.ts';
import type { Result, SourceFailure } from '../core/errors.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import type { FlowRef } from '../core/flow-ref.ts';
import type { Status } from '../messages/event-types.ts';
import type { CallOptions, CallOrigin } from './source.ts';

/** An account and a region, where flows are listed. */
export type Place = ArnPlace;

export interface SourceFlow {
  /** What `parseFlowRef` reads. */
  readonly flow: string;
  readonly name: string;
  /**
   * The upstream's own type: `STANDARD` or `EXPRESS`. The executions of EXPRESS state machines cannot be
   * listed.
   */
  readonly type: string;
  /** AWS's own members of the item. */
  readonly members: Readonly<Record<string, unknown>>;
}

export interface SourceFlows {
  readonly flows: readonly SourceFlow[];
  /** The upstream's own. Absent: these are the last ones. */
  readonly nextToken?: string;
}

export interface SourceExecution extends Pick<ExecutionRef, 'executionId' | 'arn'> {
  readonly flow?: string;
  readonly name: string;
  /** The upstream's own status. */
  readonly upstreamStatus: string;
  /** Flowtap's status for it; absent if the upstream's is unknown. */
  readonly status?: Status;
  /** ISO 8601, as messages have it. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly redriveCount?: number;
  /** The map run that started it. */
  readonly mapRunArn?: string;
  /** AWS's own members of the item. */
  readonly members: Readonly<Record<string, unknown>>;
}

export interface SourceExecutions {
  /** In upstream order: newest start first. May be empty even with a next token. */
  readonly executions: readonly SourceExecution[];
  /** The upstream's own. Expires. Absent: these are the oldest ones. */
  readonly nextToken?: string;
}

export interface ExecutionsQuery {
  readonly of: { readonly flow: FlowRef } | MapRunRef;
  readonly token?: string;
  /** At most this many; a source may return fewer. */
  readonly limit: number;
  /**
   * Only executions with this status of the upstream. A token is valid for the status that it was issued for.
   */
  readonly upstreamStatus?: string;
}

/** Where these executions are; undefined if they are not of Step Functions. */
export const placeOf = (of: ExecutionsQuery['of']): Place | undefined => ('flow' in of ? of.flow : of).arn;

/** A list that is polled: with another status it is another list. */
export type PolledList = Pick<ExecutionsQuery, 'of' | 'upstreamStatus'>;

export interface ListingSource {
  /** The name of the source whose executions it lists. */
  readonly name: string;
  /** Executions in a full page: the largest `limit`. */
  readonly pageSizeMax: number;
  /** All that the settings allow. */
  readonly places: readonly Place[];
  /** A page of the flows of a place. A place that is not in `places` is `source-forbidden`. */
  listFlows(
    place: Place,
    token: string | undefined,
    call: CallOptions,
  ): Promise<Result<SourceFlows, SourceFailure>>;
  /**
   * A page of executions. An unknown flow or map run is `upstream-not-found`, an expired token
   * `upstream-invalid-token`, an EXPRESS state machine `upstream-invalid-request`, a missing permission
   * `upstream-broken` with AWS's name of the error as `awsCode`.
   */
  listExecutions(query: ExecutionsQuery, call: CallOptions): Promise<Result<SourceExecutions, SourceFailure>>;
  /** `origin` needs the calls about this list that wait for a budget, too. See `Source.raisePriority`. */
  raisePriority?(of: ExecutionsQuery['of'], origin: CallOrigin): void;
  /**
   * The interval between polls of this list at which the budget suffices for all followed lists. See
   * `Source.pace`.
   */
  pace?(list: PolledList, wantedMs: number, tenants: readonly string[]): number;
}
