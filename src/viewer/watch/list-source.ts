/** The port through which the page reads lists. client-list-source.ts implements it with the typed client. */
import type { Flow, ListedExecution, Status } from '../../client/client.ts';

export type { ListedExecution };

/** Which executions to list. Absent members exclude nothing. */
export interface ListQuery {
  /** The flow to list. Instead of a flow, `source` lists the executions of a source that belong to no flow. */
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
  /** True if executions might be missing, because the upstream or the archive could not be read. */
  readonly partial: boolean;
  /** All executions that started after this time have been searched. */
  readonly searchedBackTo?: string;
  /** True if no older executions exist. */
  readonly isLast: boolean;
}

export type ListEvent =
  | { readonly type: 'execution'; readonly execution: ListedExecution }
  | { readonly type: 'caught-up' }
  | { readonly type: 'heartbeat'; readonly upstream: string }
  | { readonly type: 'reconnecting'; readonly error?: Error };

export interface ListSource {
  flows(signal: AbortSignal): Promise<readonly Flow[]>;
  /** The executions, newest start first. Each part is one answer of the service. */
  parts(query: ListQuery, signal: AbortSignal): AsyncIterator<ListPart, unknown, void>;
  /** Follows the live list. Never ends by itself. Throws errors that cannot be retried. */
  follow(query: ListQuery, signal: AbortSignal): AsyncIterable<ListEvent>;
}
