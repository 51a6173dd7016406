/**
 * The port through which http/ lists flows and their executions. Requests and answers are plain data, so that
 * they cross an RPC boundary. All lists of one flow come from one object (flow-list.ts), which merges the
 * upstream's list with the index of the archive.
 */
import type { Result } from '../core/errors.ts';
import type { MapRunRef } from '../core/execution-arn.ts';
import type { FlowRef } from '../core/flow-ref.ts';
import type { GrantedStream, Reader } from '../executions/executions.ts';
import type { Status } from '../messages/event-types.ts';
import { placeOf } from '../sources/listing-source.ts';

/**
 * Whose executions are listed: those of a flow, of a map run, or of a source without a flow (only the archive
 * lists these).
 */
export type ListOf =
  { readonly flow: FlowRef } | ({ readonly source: string } & MapRunRef) | { readonly source: string };

/** The name of a list: its source, and the flow or the map run; null for executions without a flow. */
export const nameOf = (of: ListOf): readonly [source: string, group: string | null] => {
  if ('flow' in of) return [of.flow.source, of.flow.flow];
  return [of.source, 'mapRunArn' in of ? of.mapRunArn : null];
};

/** The region where these executions are, if it is known. */
export const regionOf = (of: ListOf): string | undefined =>
  'flow' in of || 'mapRunArn' in of ? placeOf(of)?.region : undefined;

/** An execution in a list. Never a payload. */
export interface ListItem {
  readonly flowExecutionId: string;
  /** Absent: the execution belongs to no flow. */
  readonly flow?: string;
  readonly name?: string;
  readonly source: string;
  readonly status: Status;
  /** The upstream's own status, such as `TIMED_OUT`. */
  readonly upstreamStatus?: string;
  /** ISO 8601, like all times here. */
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly durationMs?: number;
  readonly redriveCount?: number;
  readonly archived: boolean;
  /** The history can no longer change: it is archived, and the execution cannot be redriven. */
  readonly final: boolean;
  /**
   * AWS's own members of the item; only if the request wants them, and AWS has listed it. Not for JSON
   * answers.
   */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** The conditions for executions. All of them must hold. */
export interface ListFilter {
  /** The patterns of the key: only executions that one of them matches are listed. */
  readonly patterns: readonly string[];
  /** Absent: of any status. FAILED stands for upstream's FAILED and TIMED_OUT. */
  readonly statuses?: readonly Status[];
  /** What the execution's own name begins with. */
  readonly namePrefix?: string;
  /** Started at that time or later. Excludes executions without a start time. */
  readonly startedAfterMs?: number;
  /** Started before that time. */
  readonly startedBeforeMs?: number;
}

export interface ListRequest extends ListFilter {
  readonly of: ListOf;
  readonly maxResults: number;
  /** Continue after this place: `next` of the page before, out of a signed cursor. */
  readonly after?: string;
  /** Who is charged for upstream calls. */
  readonly tenant: string;
  readonly members?: true;
}

export interface ListPage {
  /** Newest start first. May be short or empty, even if more follow: one request searches a bounded part. */
  readonly executions: readonly ListItem[];
  /** The place to continue after. Absent: the list ends here. */
  readonly next?: string;
  /**
   * The upstream or the archive could not be read: its part of the list is missing. Or the index of older
   * archives is still being built.
   */
  readonly partial?: true;
  /**
   * Only if the page is short although more may follow: everything that started later than this has been
   * searched. If it is absent on such a page, only executions without a start time are left.
   */
  readonly searchedBackTo?: string;
  readonly upstreamCalls: number;
}

export interface FollowRequest extends Omit<ListRequest, 'after' | 'members'>, Reader, GrantedStream {}

export interface ListedFlow {
  readonly flow: string;
  readonly source: string;
  readonly name: string;
  /** As in `ListItem`, with `upstreamRegion`. */
  readonly members?: Readonly<Record<string, unknown>>;
}

export interface FlowsRequest {
  /** Only flows are listed whose executions one of these patterns may match. */
  readonly patterns: readonly string[];
  readonly maxResults: number;
  /** Continue after this place. */
  readonly after?: string;
  readonly tenant: string;
  /**
   * The upstream's own list of this region, with its members: also the flows whose executions cannot be
   * listed, but not those that the archive alone has.
   */
  readonly upstreamRegion?: string;
}

export interface FlowsPage {
  /** In the order of their names as text: source, then flow. */
  readonly flows: readonly ListedFlow[];
  readonly next?: string;
  /** As in `ListPage`. */
  readonly partial?: true;
  readonly upstreamCalls: number;
}

export interface Lists {
  flows(request: FlowsRequest, signal?: AbortSignal): Promise<Result<FlowsPage>>;
  page(request: ListRequest, signal?: AbortSignal): Promise<Result<ListPage>>;
  /** The live list: an open event stream. `onClosed` is called once it has ended, for any reason. */
  follow(
    request: FollowRequest,
    signal?: AbortSignal,
    onClosed?: () => void,
  ): Promise<Result<ReadableStream<Uint8Array>>>;
}
