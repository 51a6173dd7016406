/** What the live lists of one flow read: the port to the flow's list and to its upstream. */
import type { Result } from '../../core/errors.ts';
import type { CallOptions } from '../../sources/source.ts';
import type { ListItem, ListPage, ListRequest } from '../lists.ts';
import type { RereadCalls } from '../running-executions.ts';

export interface NewestExecutions {
  /** In the order of lists, whatever their status. */
  readonly executions: readonly ListItem[];
  /** Older ones exist. */
  readonly hasMore: boolean;
}

export interface ListFeed {
  /** A page, as callers of /v1/executions get it. */
  page(request: ListRequest, signal?: AbortSignal): Promise<Result<ListPage>>;
  /** The executions that started last, read now. */
  newest(call: CallOptions): Promise<Result<NewestExecutions>>;
  /**
   * The current state of executions that were running when last read. Those missing from the answer could not
   * be read.
   */
  reread(running: readonly ListItem[], calls: RereadCalls): Promise<Result<readonly ListItem[]>>;
  /** See `ListingSource.pace`. `rereads`: how many executions each poll rereads. */
  pace(wantedMs: number, rereads: number, tenants: readonly string[]): number;
}
