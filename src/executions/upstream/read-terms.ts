/**
 * The parameters of a read of the upstream's history: who is charged, how far it may walk, and how fresh
 * pages must be. Also the newest known end. Plain values only.
 */
import type { Fingerprint } from '../../messages/fingerprint.ts';
import type { CallOrigin } from '../../sources/source.ts';

/**
 * How many upstream pages one request may wait for. Without this limit, a request for a page on Workers would
 * continue after its caller has disconnected, because it cannot notice that. The Free plan allows 50 outgoing
 * requests per invocation, so 40 pages leave some for retries. Pages that were read are kept, so the next
 * request continues after them.
 */
export const WALK_PAGES_MAX = 40;

/** Counts the calls of one request and names their origin, for budgets, Cache-Status and the request log. */
export interface ReadTrace {
  /** Who is charged for the calls. */
  readonly origin: CallOrigin;
  /** How many requests were sent upstream for this request, including retries. */
  calls: number;
  /** True if this request waited for a call that another request had started. */
  collapsed: boolean;
}

/** The origin of calls made for a caller's request. */
export const readerOrigin = ({ tenant }: { readonly tenant: string }): CallOrigin => ({
  class: 'reader',
  tenant,
});

export const newTrace = (origin: CallOrigin): ReadTrace => ({ origin, calls: 0, collapsed: false });

/** Limits one caller's walk through the source's pages. */
export interface Walk {
  /** How many upstream pages the caller may still wait for. */
  pagesLeft: number;
  /** Aborted when the caller no longer needs an answer. */
  readonly signal?: AbortSignal;
}

/** A new walk for one request, or for one step of a stream. */
export const newWalk = (signal: AbortSignal | undefined, pagesLeft = WALK_PAGES_MAX): Walk => ({
  pagesLeft,
  ...(signal && { signal }),
});

/** A walk without a limit, for archiving: no caller waits for it. */
export const endlessWalk = (): Walk => ({ pagesLeft: Infinity });

export interface Freshness {
  /** The last page must have been read, or confirmed, at this time or later, in clock milliseconds. */
  readonly lastNotBeforeMs: number;
  /** A cached failure must not be older than this. Default: `lastNotBeforeMs`. */
  readonly failureNotBeforeMs?: number;
  /** Every page must have been read at this time or later. Set by the walk that settles a history. */
  readonly allNotBeforeMs?: number;
}

/** The end of the history when its newest page was last read. */
export interface KnownEnd {
  readonly position: number;
  readonly fingerprint: Fingerprint;
  /** The type of the last message. */
  readonly eventType?: string;
  readonly timestamp?: string;
  readonly readAtMs: number;
}
