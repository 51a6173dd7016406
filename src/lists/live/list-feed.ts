/** The port through which live lists read the flow's list and its upstream. */
import type { Result } from '../../core/errors.ts';
import type { CallOptions } from '../../sources/source.ts';
import type { ListItem, ListPage, ListRequest } from '../lists.ts';
import type { NewestExecutions } from '../newest-list.ts';
import type { RereadCalls } from '../running-executions.ts';

export interface ListFeed {
  /** Reads a page as callers of /v1/executions get it. */
  page(request: ListRequest, signal?: AbortSignal): Promise<Result<ListPage>>;
  /** Reads the executions that started last. */
  newest(call: CallOptions): Promise<Result<NewestExecutions>>;
  /**
   * Rereads executions that were running before. Executions that could not be read are missing from the
   * result.
   */
  reread(running: readonly ListItem[], calls: RereadCalls): Promise<Result<readonly ListItem[]>>;
  /** See `ListingSource.pace`. `rereads` is the number of executions that each poll rereads. */
  pace(wantedMs: number, rereads: number, tenants: readonly string[]): number;
}
