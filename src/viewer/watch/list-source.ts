/**
 * The data of lists in the form that the page needs. client-list-source.ts reads it with the typed client.
 */
import type { Flow, ListedExecution, Status } from '../../client/client.ts';

export type { ListedExecution };

/** Which executions. Absent members exclude nothing. */
export interface ListQuery {
  /** Or executions of a source that belong to no flow. */
  readonly flow?: string;
  readonly source?: string;
  readonly statuses?: readonly Status[];
  readonly namePrefix?: string;
  /** ISO 8601. */
  readonly startedAfter?: string;
  readonly startedBefore?: string;
}

export interface ListPart {
  readonly executions: readonly ListedExecution[];
  /** The upstream or the archive could not be read. */
  readonly partial: boolean;
  /** Everything that started later has been searched. */
  readonly searchedBackTo?: string;
  /** Nothing older exists. */
  readonly isLast: boolean;
}

export type ListEvent =
  | { readonly type: 'execution'; readonly execution: ListedExecution }
  | { readonly type: 'caught-up' }
  | { readonly type: 'heartbeat'; readonly upstream: string }
  | { readonly type: 'reconnecting'; readonly error?: Error };

export interface ListSource {
  flows(signal: AbortSignal): Promise<readonly Flow[]>;
  /** Newest start first, one answer at a time. */
  parts(query: ListQuery, signal: AbortSignal): AsyncIterator<ListPart, unknown, void>;
  /** Never ends by itself. Throws what cannot be retried. */
  follow(query: ListQuery, signal: AbortSignal): AsyncIterable<ListEvent>;
}
