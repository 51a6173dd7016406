/**
 * A list is merged from two parts: the live and the archived executions. Each part yields its executions in
 * the order of lists, and reads further pages only as the merge needs them.
 */
import type { Failure } from '../core/errors.ts';

/**
 * The next entry of a part, or its end. `unread` means that the part is known only up to this position,
 * because the request has reached its limit or a read has failed.
 */
export type Next<Entry> =
  | { readonly at: 'entry'; readonly entry: Entry }
  | { readonly at: 'end' }
  | { readonly at: 'unread'; readonly position: string; readonly failure?: Failure };

/** Where a request begins to read in the order of lists, and how far it reads. */
export interface PartRange {
  /** An order key or a position after which to begin. '' begins at the start of the list. */
  readonly after: string;
  /** Leave out executions that started earlier or have no start time. */
  readonly startedAfterMs?: number;
  /** Read no further pages after this time, in clock milliseconds. */
  readonly untilMs: number;
}
