/**
 * One of the two parts that a list is merged from: the live or the archived executions, in the order of
 * lists, read page by page as the merge needs them.
 */
import type { Failure } from '../core/errors.ts';

/**
 * The next entry of a part; its end; or `unread`: the part is known only up to this position, because the
 * request has reached its limit or a read has failed.
 */
export type Next<Entry> =
  | { readonly at: 'entry'; readonly entry: Entry }
  | { readonly at: 'end' }
  | { readonly at: 'unread'; readonly position: string; readonly failure?: Failure };

/** Where a request begins in the order of lists, and how far it reads. */
export interface PartRange {
  /** An order key or a position; '': at the beginning. */
  readonly after: string;
  /** Executions that started earlier are not wanted, nor those without a start time. */
  readonly startedAfterMs?: number;
  /** Reads no further page after this time, in clock milliseconds. */
  readonly untilMs: number;
}
