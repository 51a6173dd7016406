/**
 * The terms of one read of the upstream's history: who is charged, how far it may walk, how fresh pages must
 * be, and the newest known end. Values only.
 */
import type { Fingerprint } from '../../messages/fingerprint.ts';
import type { CallOrigin } from '../../sources/source.ts';

/**
 * Upstream pages that one request waits for. On Workers a page's caller that has disconnected cannot be
 * noticed, and the Free plan allows 50 outgoing requests an invocation. What was read is kept: the next
 * request continues there.
 */
export const WALK_PAGES_MAX = 40;
/** The origin of one request's calls, and their number; for budgets, Cache-Status and the request log. */
export interface ReadTrace {
  /** Who is charged for the calls. */
  readonly origin: CallOrigin;
  /** Requests sent upstream because of this one, retries included. */
  calls: number;
  /** It waited for a call that another request had caused. */
  collapsed: boolean;
}

/** The origin of calls that a request of a caller causes. */
export const readerOrigin = ({ tenant }: { readonly tenant: string }): CallOrigin => ({
  class: 'reader',
  tenant,
});

export const newTrace = (origin: CallOrigin): ReadTrace => ({ origin, calls: 0, collapsed: false });

/** How far one caller walks through the source's pages. */
export interface Walk {
  /** Upstream pages that it may still wait for. */
  pagesLeft: number;
  /** Aborted when the caller needs no answer any more. */
  readonly signal?: AbortSignal;
}

/** A new walk for one request, or for one step of a stream. */
export const newWalk = (signal: AbortSignal | undefined, pagesLeft = WALK_PAGES_MAX): Walk => ({
  pagesLeft,
  ...(signal && { signal }),
});

/** A walk without a limit, for archiving, which no caller waits for. */
export const endlessWalk = (): Walk => ({ pagesLeft: Infinity });

export interface Freshness {
  /** The last page must not be older than this, in clock milliseconds. */
  readonly lastNotBeforeMs: number;
  /** A remembered failure must not be older than this. Default: as the last page. */
  readonly failureNotBeforeMs?: number;
  /** Every page must have been read since then: for the walk that settles a history. */
  readonly allNotBeforeMs?: number;
}

/** The newest known end. */
export interface KnownEnd {
  readonly position: number;
  readonly fingerprint: Fingerprint;
  /** The type of the last message. */
  readonly eventType?: string;
  readonly timestamp?: string;
  readonly readAtMs: number;
}
