/**
 * The port of an upstream that lists flows and their executions. It is separate from the port that reads
 * histories (source.ts), because AWS counts list calls against another, smaller quota.
 */
import type { ArnPlace, MapRunRef } from '../core/execution-arn.ts';
import type { Result, SourceFailure } from '../core/errors.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import type { FlowRef } from '../core/flow-ref.ts';
import type { Status } from '../messages/event-types.ts';
import type { CallOptions, CallOrigin } from './source.ts';

/** The account and region whose flows are listed. */
export type Place = ArnPlace;

export interface SourceFlow {
  /** The flow's name, in the form that `parseFlowRef` accepts. */
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
  /** The upstream's token for the next page. Absent on the last page. */
  readonly nextToken?: string;
}

export interface SourceExecution extends Pick<ExecutionRef, 'executionId' | 'arn'> {
  readonly flow?: string;
  readonly name: string;
  /** The upstream's own status. */
  readonly upstreamStatus: string;
  /** The status in Flowtap's terms. Absent if Flowtap does not know the upstream's status. */
  readonly status?: Status;
  /** ISO 8601, in the format of message timestamps. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly redriveCount?: number;
  /** The map run that started the execution. */
  readonly mapRunArn?: string;
  /** AWS's own members of the item. */
  readonly members: Readonly<Record<string, unknown>>;
}

export interface SourceExecutions {
  /** In upstream order: newest start first. Can be empty even with a next token. */
  readonly executions: readonly SourceExecution[];
  /**
   * The upstream's token for the next page. It expires. Absent on the last page, which has the oldest
   * executions.
   */
  readonly nextToken?: string;
}

export interface ExecutionsQuery {
  readonly of: { readonly flow: FlowRef } | MapRunRef;
  readonly token?: string;
  /** Maximum number of executions. A source may return fewer. */
  readonly limit: number;
  /**
   * Return only executions with this upstream status. A token is valid only for the status that it was issued
   * for.
   */
  readonly upstreamStatus?: string;
}

/** The account and region of these executions. Undefined if they do not belong to Step Functions. */
export const placeOf = (of: ExecutionsQuery['of']): Place | undefined => ('flow' in of ? of.flow : of).arn;

/** A list that is polled. The same flow with a different status filter is a different list. */
export type PolledList = Pick<ExecutionsQuery, 'of' | 'upstreamStatus'>;

export interface ListingSource {
  /** The name of the source whose executions are listed. */
  readonly name: string;
  /** The largest allowed `limit`: the number of executions in a full page. */
  readonly pageSizeMax: number;
  /** All accounts and regions that the settings allow. */
  readonly places: readonly Place[];
  /**
   * Returns a page of the flows of a place. Fails with `source-forbidden` if `places` does not include the
   * place.
   */
  listFlows(
    place: Place,
    token: string | undefined,
    call: CallOptions,
  ): Promise<Result<SourceFlows, SourceFailure>>;
  /**
   * Returns a page of executions. Failures: `upstream-not-found` for an unknown flow or map run,
   * `upstream-invalid-token` for an expired token, and `upstream-invalid-request` for an EXPRESS state
   * machine. A missing permission is `upstream-broken`, with the name of AWS's error in `awsCode`.
   */
  listExecutions(query: ExecutionsQuery, call: CallOptions): Promise<Result<SourceExecutions, SourceFailure>>;
  /**
   * Raises the priority of calls for this list that are still waiting for the call budget, because another
   * request needs them, too. `origin` is the origin of that request. See `Source.raisePriority`.
   */
  raisePriority?(of: ExecutionsQuery['of'], origin: CallOrigin): void;
  /**
   * Returns the interval between polls of this list at which the budget is enough for all followed lists. See
   * `Source.pace`.
   */
  pace?(list: PolledList, wantedMs: number, tenants: readonly string[]): number;
}
