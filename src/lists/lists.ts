/**
 * The port through which http/ lists flows and their executions. Requests and answers are plain data, so they
 * can cross an RPC boundary. One object per flow (flow-list.ts) serves all lists of that flow. It merges the
 * upstream's list with the archive's index.
 */
import type { Result } from '../core/errors.ts';
import type { MapRunRef } from '../core/execution-arn.ts';
import type { FlowRef } from '../core/flow-ref.ts';
import type { GrantedStream, Reader } from '../executions/executions.ts';
import type { Status } from '../messages/event-types.ts';
import { placeOf } from '../sources/listing-source.ts';

/**
 * Which executions are listed: those of a flow, those of a map run, or those of a source that belong to no
 * flow. Only the archive can list the last kind.
 */
export type ListOf =
  { readonly flow: FlowRef } | ({ readonly source: string } & MapRunRef) | { readonly source: string };

/**
 * The name of a list: its source, and its group. The group is a flow or a map run, or null for executions that
 * belong to no flow.
 */
export const nameOf = (of: ListOf): readonly [source: string, group: string | null] => {
  if ('flow' in of) return [of.flow.source, of.flow.flow];
  return [of.source, 'mapRunArn' in of ? of.mapRunArn : null];
};

/** The region of these executions, if known. */
export const regionOf = (of: ListOf): string | undefined =>
  'flow' in of || 'mapRunArn' in of ? placeOf(of)?.region : undefined;

/** An execution in a list. Never contains a payload. */
export interface ListItem {
  readonly flowExecutionId: string;
  /** Absent if the execution belongs to no flow. */
  readonly flow?: string;
  readonly name?: string;
  readonly source: string;
  readonly status: Status;
  /** The upstream's own status, such as `TIMED_OUT`. */
  readonly upstreamStatus?: string;
  /** All times in this file that are text are ISO 8601. */
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly durationMs?: number;
  readonly redriveCount?: number;
  readonly archived: boolean;
  /**
   * True if the history can no longer change, because it is archived and the execution cannot be redriven.
   */
  readonly final: boolean;
  /**
   * AWS's own members of the item. Present only if the request asked for them and AWS listed the execution.
   * Used by AWS's protocol, and never part of Flowtap's JSON.
   */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** Conditions for listed executions. All of them must hold. */
export interface ListFilter {
  /** The key's patterns. Only executions that match one of them are listed. */
  readonly patterns: readonly string[];
  /** If absent, any status matches. FAILED includes the upstream's FAILED and TIMED_OUT. */
  readonly statuses?: readonly Status[];
  /** A prefix of the execution's own name. */
  readonly namePrefix?: string;
  /** Matches executions that started at this time or later. Excludes those without a start time. */
  readonly startedAfterMs?: number;
  /** Matches executions that started before this time. */
  readonly startedBeforeMs?: number;
}

export interface ListRequest extends ListFilter {
  readonly of: ListOf;
  readonly maxResults: number;
  /** Continue after this place. It is `next` of the previous page, decoded from a signed cursor. */
  readonly after?: string;
  /** The tenant that is charged for upstream calls. */
  readonly tenant: string;
  readonly members?: true;
}

export interface ListPage {
  /**
   * Newest start first. Can be short or empty even if more follow, because one request searches only a
   * bounded part.
   */
  readonly executions: readonly ListItem[];
  /** The place to continue after. Absent at the end of the list. */
  readonly next?: string;
  /**
   * True if a part of the list is missing: the upstream or the archive could not be read, or older archives
   * are still being indexed.
   */
  readonly partial?: true;
  /**
   * Present on short pages after which more might follow. Everything that started later than this time has
   * been searched. If absent on such a page, only executions without a start time are left.
   */
  readonly searchedBackTo?: string;
  readonly upstreamCalls: number;
}

export interface FollowRequest extends Omit<ListRequest, 'after' | 'members'>, Reader, GrantedStream {}

export interface ListedFlow {
  readonly flow: string;
  readonly source: string;
  readonly name: string;
  /** As in `ListItem`. Present if the request has `upstreamRegion`. */
  readonly members?: Readonly<Record<string, unknown>>;
}

export interface FlowsRequest {
  /** A flow is listed if one of these patterns can match its executions. */
  readonly patterns: readonly string[];
  readonly maxResults: number;
  /** Continue after this place, which is `next` of the previous page. */
  readonly after?: string;
  readonly tenant: string;
  /**
   * If present, returns the upstream's own list for this region, with the upstream's members. It includes
   * flows whose executions cannot be listed, but no flows that only the archive knows.
   */
  readonly upstreamRegion?: string;
}

export interface FlowsPage {
  /** Sorted by source, then by flow, as text. */
  readonly flows: readonly ListedFlow[];
  readonly next?: string;
  /** As in `ListPage`. */
  readonly partial?: true;
  readonly upstreamCalls: number;
}

export interface Lists {
  flows(request: FlowsRequest, signal?: AbortSignal): Promise<Result<FlowsPage>>;
  page(request: ListRequest, signal?: AbortSignal): Promise<Result<ListPage>>;
  /** Opens a live list as an event stream. `onClosed` is called when the stream has ended, for any reason. */
  follow(
    request: FollowRequest,
    signal?: AbortSignal,
    onClosed?: () => void,
  ): Promise<Result<ReadableStream<Uint8Array>>>;
}
