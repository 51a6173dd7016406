/**
 * Reads an execution's history from its source, in full-size pages, one call at a time.
 *
 * Callers read by position, while the upstream pages by tokens. Page rows record the position at which each
 * token's page starts. To reach a position between two rows, a walk reads pages from the earlier row on. So
 * readers never notice an expired token (the walk starts earlier), a short page, an empty page with a token,
 * or a page evicted from memory. A read that lags behind an earlier one fails only if the missing messages
 * are no longer in memory.
 *
 * Requests share calls through sources/shared-calls.ts, and read-pages.ts records what has been read. This
 * file walks from a usable token to a position and handles failures on the way. It caches failures like
 * pages. The caller decides how fresh pages must be.
 */
import { type Result, type SourceFailure, fail, ok } from '../../core/errors.ts';
import { exceptionText } from '../../core/exception-text.ts';
import type { OpenWalk } from '../../messages/derive.ts';
import type { Clock } from '../../core/clock.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import { type SharedCall, SharedCalls, isOthersShare } from '../../sources/shared-calls.ts';
import type { Source, SourcePage } from '../../sources/source.ts';
import { ExecutionCalls } from './execution-calls.ts';
import type { PageMemory, UpstreamChunk } from './page-memory.ts';
import type { PageRow, PageRows } from './page-rows.ts';
import { ReadPages, answers } from './read-pages.ts';
import {
  WALK_PAGES_MAX,
  type ReadTrace,
  type Walk,
  endlessWalk,
  type Freshness,
  type KnownEnd,
} from './read-terms.ts';
import { isStillUnknown } from '../unknown-executions.ts';

/**
 * How many consecutive empty pages with a token are followed. After one more, the upstream counts as broken.
 */
export const EMPTY_PAGES_MAX = 50;
/** How many times one read may restart its walk because a token has expired. */
export const TOKEN_LOSSES_MAX = 3;

/**
 * A chunk, a failure, or the reason why the caller has to try again. `lost`: the token had expired, or the
 * history was replaced. `moved`: the page's row has changed, or `clear` was called. `left`: all callers had
 * gone, so the call was cancelled.
 */
type Outcome = Result<UpstreamChunk, SourceFailure> | 'lost' | 'moved' | 'left';
/** A call for the page that starts at the position `wanted`. */
type PageCall = SharedCall<number, ReadTrace, Outcome>;
type Refusal = ReturnType<typeof fail<SourceFailure>>;

export interface UpstreamHistoryOptions {
  /** The queue of all calls about this execution. Default: a new queue. */
  readonly calls?: ExecutionCalls;
  readonly source: Source;
  readonly ref: ExecutionRef;
  readonly rows: PageRows;
  readonly memory: PageMemory;
  readonly openWalk: OpenWalk;
  readonly clock: Clock;
  /**
   * Called after each read of the newest page, with the end before and after the read, or with the failure.
   */
  readonly onHeadRead: (reading: HeadReading) => void;
  /** Default: HISTORY_MESSAGES_MAX. */
  readonly messagesMax?: number;
}

export interface HeadReading {
  /** When the call began, in clock milliseconds. */
  readonly atMs: number;
  readonly previous?: KnownEnd;
  readonly end?: KnownEnd;
  readonly failure?: SourceFailure;
}

export class UpstreamHistory {
  readonly #options: UpstreamHistoryOptions;
  /** The queue of all calls about this execution, including other operations. */
  readonly #calls: ExecutionCalls;
  readonly #pageCalls: SharedCalls<number, ReadTrace, Outcome>;
  readonly #pages: ReadPages;
  /** Cached failures, by start of the page. `isReported`: the failure was passed to `onHeadRead`. */
  readonly #failures = new Map<number, { failure: SourceFailure; atMs: number; isReported: boolean }>();
  readonly #limits = new Map<number, number>();
  readonly #emptyPages = new Map<number, number>();
  /** Incremented by `clear`. Results of calls that began in an earlier epoch are dropped. */
  #epoch = 0;

  constructor(options: UpstreamHistoryOptions) {
    this.#options = options;
    this.#calls = options.calls ?? new ExecutionCalls(options.source, options.ref);
    this.#pageCalls = new SharedCalls((call) => this.#fetchSafely(call));
    const { ref, rows, memory, openWalk, messagesMax, onHeadRead } = options;
    this.#pages = new ReadPages({
      ref,
      rows,
      memory,
      openWalk,
      ...(messagesMax !== undefined && { messagesMax }),
      onHeadRead: (atMs, previous) => {
        const { end } = this.#pages;
        onHeadRead({ atMs, ...(previous && { previous }), ...(end && { end }) });
      },
      onForgotten: () => {
        for (const map of [this.#failures, this.#limits, this.#emptyPages]) map.clear();
      },
    });
  }

  get end(): KnownEnd | undefined {
    return this.#pages.end;
  }

  /** True if a part of the history has been read, so the source knows the execution. */
  get isKnown(): boolean {
    return this.#pages.isKnown;
  }

  /**
   * Returns the chunk that contains the position, or the last chunk if the position is past it. Looks only in
   * memory, and accepts chunks of any age.
   */
  held(position: number): UpstreamChunk | undefined {
    return this.#pages.at(position, { lastNotBeforeMs: 0 });
  }

  /**
   * Reads the chunk that contains the position, or the last chunk if the position is past it. Calls the
   * source only if memory has no chunk that is fresh enough.
   */
  async chunkAt(
    position: number,
    freshness: Freshness,
    trace: ReadTrace,
    walk: Walk = endlessWalk(),
  ): Promise<Result<UpstreamChunk, SourceFailure>> {
    const { rows, clock } = this.#options;
    const failureNotBeforeMs = freshness.failureNotBeforeMs ?? freshness.lastNotBeforeMs;
    for (let losses = 0; losses <= TOKEN_LOSSES_MAX;) {
      const remembered = this.#pages.at(position, freshness);
      if (remembered) return ok(remembered);
      const wanted = rows.usableAt(position);
      const failed = this.#failures.get(wanted.start);
      const isFresh =
        failed?.failure.type === 'upstream-not-found'
          ? isStillUnknown(failed.atMs, clock.now())
          : failed && failed.atMs >= failureNotBeforeMs;
      if (failed && isFresh) {
        // `isReported` is false if polls read another page first when the failure occurred. Report the
        // failure now that a poll gets it, so that the poller backs off.
        if (trace.origin.class === 'poll' && !failed.isReported)
          this.#failed(wanted.start, failed.atMs, failed.failure);
        return this.#pages.heldAlready(position, freshness) ?? fail(failed.failure);
      }
      if (walk.pagesLeft <= 0 || walk.signal?.aborted) {
        const internal = walk.signal?.aborted
          ? 'the caller is gone'
          : `${WALK_PAGES_MAX} upstream pages read`;
        return (
          this.#pages.heldAlready(position, freshness) ?? fail({ type: 'upstream-unfinished', internal })
        );
      }
      walk.pagesLeft--;
      const { call, shared } = this.#pageCalls.request(wanted.start, trace);
      trace.collapsed ||= shared;
      const waiting = this.#pageCalls.outcome(call, walk.signal);
      this.#calls.wait(trace.origin, waiting);
      const outcome = await waiting;
      if (outcome === 'lost') losses++;
      if (outcome === 'lost' || outcome === 'moved' || outcome === 'left') continue;
      if (isOthersShare(outcome, call.cause.origin, trace.origin)) continue;
      if (!outcome.ok) return this.#pages.heldAlready(position, freshness) ?? outcome;
      // Use the call's own result, because memory might have evicted the chunk already. The result of this
      // request's own call always counts as fresh, even if the read lagged.
      const chunk = this.#pages.asKnown(outcome.value);
      const fresh = shared ? freshness : { lastNotBeforeMs: 0 };
      if (answers(chunk, position, fresh)) return ok(chunk);
      // The read returned fewer messages than known, and no token. Another call now would return the same
      // page.
      if (!shared && rows.usableAt(position).start === wanted.start) {
        const internal = 'an upstream read lags behind an earlier one';
        return this.#failed(wanted.start, chunk.confirmedAtMs, { type: 'upstream-internal', internal });
      }
    }
    const internal = 'tokens expire faster than pages can be read';
    return this.#failed(rows.usableAt(position).start, clock.now(), { type: 'upstream-broken', internal });
  }

  /** Forgets everything, in storage too. The result of a call in progress is dropped. */
  async clear(): Promise<void> {
    this.#epoch++;
    await this.#pages.forget();
  }

  async #fetchSafely(call: PageCall): Promise<Outcome> {
    try {
      return await this.#fetch(call.wanted, call);
    } catch (error) {
      const internal = `reading a page threw: ${exceptionText(error)}`;
      return this.#refuse(call.wanted, this.#options.clock.now(), internal);
    }
  }

  async #fetch(start: number, call: PageCall): Promise<Outcome> {
    const { source, ref, rows, clock } = this.#options;
    const row = rows.startingAt(start);
    if (!row || row.lost) return 'moved';
    const epoch = this.#epoch;
    const limit = this.#limits.get(start) ?? source.pageSizeMax;
    let beganAtMs = clock.now();
    const { origin } = call.cause;
    const { signal } = call.abandoned;
    call.isSent = false;
    const onAttempt = () => {
      call.isSent = true;
      call.cause.calls++;
    };
    const result = await this.#calls.run(origin, () => {
      beganAtMs = clock.now();
      return source.page(ref, row.token, limit, { origin, signal, onAttempt });
    });
    if (signal.aborted) return 'left';
    if (epoch !== this.#epoch) return 'moved';
    if (result.ok) return this.#accept(row, result.value, beganAtMs, call);
    const { failure } = result;
    if (failure.type === 'upstream-too-large' && limit > 1) {
      this.#limits.set(start, Math.ceil(limit / 2));
      return this.#again(start, call);
    }
    const tokenRefused =
      failure.type === 'upstream-invalid-token' || failure.type === 'upstream-invalid-request';
    if (tokenRefused && row.token !== undefined) {
      await rows.loseTokensUpTo(start);
      return 'lost';
    }
    // An exceeded share concerns only this request's tenant, so it is neither cached nor reported.
    if (failure.type === 'upstream-share-exceeded') return fail(failure);
    return this.#failed(start, beganAtMs, failure);
  }

  async #accept(row: PageRow, page: SourcePage, beganAtMs: number, call: PageCall): Promise<Outcome> {
    this.#failures.delete(row.start);
    if (page.messages.length === 0 && page.nextToken !== undefined) {
      return this.#skipEmpty(row, page.nextToken, beganAtMs, call);
    }
    this.#emptyPages.delete(row.start);
    const read = await this.#pages.accept(row, page, beganAtMs);
    if (read === 'lost') return read;
    return 'refused' in read ? this.#refuse(row.start, beganAtMs, read.refused) : ok(read);
  }

  async #skipEmpty(row: PageRow, nextToken: string, atMs: number, call: PageCall): Promise<Outcome> {
    const skipped = (this.#emptyPages.get(row.start) ?? 0) + 1;
    this.#emptyPages.set(row.start, skipped);
    if (skipped > EMPTY_PAGES_MAX || this.#options.rows.leadsBack(nextToken, row.start)) {
      this.#emptyPages.delete(row.start);
      return this.#refuse(row.start, atMs, `${skipped} empty pages in a row, each with a token`);
    }
    await this.#options.rows.put({ ...row, token: nextToken, lost: false });
    return this.#again(row.start, call);
  }

  /** Sends the next request of the same call, if a caller still waits for it. */
  #again(start: number, call: PageCall): Promise<Outcome> | Outcome {
    return call.callers > 0 ? this.#fetch(start, call) : 'left';
  }

  #refuse(start: number, atMs: number, internal: string): Refusal {
    return this.#failed(start, atMs, { type: 'upstream-broken', internal });
  }

  #failed(start: number, atMs: number, failure: SourceFailure): Refusal {
    // Only report failures of the page that polls read first.
    const isReported = this.#options.rows.usableAt(Infinity).start === start;
    const failed = failure.type === 'upstream-not-found' ? { ...failure, atMs } : failure;
    this.#failures.set(start, { failure: failed, atMs, isReported });
    if (isReported) this.#options.onHeadRead({ atMs, failure: failed });
    return fail(failed);
  }
}
