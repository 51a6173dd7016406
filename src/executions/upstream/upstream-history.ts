/**
 * An execution's history as its source has it, read in full-size pages, one call at a time.
 *
 * It turns the upstream's tokens into positions: page rows record which token starts where, and a walk finds
 * what lies between two rows. So readers never notice an expired token (the walk starts earlier), a short
 * page, an empty page with a token, a page evicted from memory, or a read that lags behind an earlier one. A
 * lagging read fails only if memory does not have the missing messages.
 *
 * Three parts: the calls and their order (sources/shared-calls.ts), what was read so far (read-pages.ts), and
 * here the walk from a usable token to a position, with the failures on the way. A failure is remembered like
 * a page. This file decides when to call, not why: freshness comes from its caller.
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

/** Empty pages with a token in a row before the upstream counts as broken. */
export const EMPTY_PAGES_MAX = 50;
/** Restarts of one read's walk because tokens expired during it. */
export const TOKEN_LOSSES_MAX = 3;

/**
 * A chunk, a failure, or the reason to look again. `lost`: the call returned nothing, because its token had
 * expired or the history was replaced. `moved`: no call was made, because the page's row has changed. `left`:
 * no call was made, because nobody waited for it any more.
 */
type Outcome = Result<UpstreamChunk, SourceFailure> | 'lost' | 'moved' | 'left';
/** For the page that starts at this position. */
type PageCall = SharedCall<number, ReadTrace, Outcome>;
type Refusal = ReturnType<typeof fail<SourceFailure>>;

export interface UpstreamHistoryOptions {
  /** Shared with all other calls about this execution. */
  readonly calls?: ExecutionCalls;
  readonly source: Source;
  readonly ref: ExecutionRef;
  readonly rows: PageRows;
  readonly memory: PageMemory;
  readonly openWalk: OpenWalk;
  readonly clock: Clock;
  /** Called after every read of the newest page: with the end before and now, or the failure. */
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
  /** All calls about this execution, other operations included. */
  readonly #calls: ExecutionCalls;
  readonly #pageCalls: SharedCalls<number, ReadTrace, Outcome>;
  readonly #pages: ReadPages;
  /** By start of the page. `isReported`: to `onHeadRead`. */
  readonly #failures = new Map<number, { failure: SourceFailure; atMs: number; isReported: boolean }>();
  readonly #limits = new Map<number, number>();
  readonly #emptyPages = new Map<number, number>();
  /** Incremented by `clear`. The result of a call that started before is dropped. */
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

  /** The source has had this execution: something of it was read. */
  get isKnown(): boolean {
    return this.#pages.isKnown;
  }

  /** The chunk that holds the position, or the last one, if it is in memory, however old. */
  held(position: number): UpstreamChunk | undefined {
    return this.#pages.at(position, { lastNotBeforeMs: 0 });
  }

  /** The chunk that holds the position, or the last one. Calls the source only if memory cannot answer. */
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
        // If a poll is the first to want this page, report the failure, so that the poller backs off.
        if (trace.origin.class === 'poll' && !failed.isReported)
          this.#failed(wanted.start, failed.atMs, failed.failure);
        return this.#pages.heldAlready(position, freshness) ?? fail(failed.failure);
      }
      if (walk.pagesLeft <= 0 || walk.signal?.aborted) {
        const internal = walk.signal?.aborted
          ? 'its caller has left'
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
      // Taken from the call itself: memory may have evicted it already. The result of this request's own call
      // is as fresh as possible, even if a lagging read confirmed less than was known.
      const chunk = this.#pages.asKnown(outcome.value);
      const fresh = shared ? freshness : { lastNotBeforeMs: 0 };
      if (answers(chunk, position, fresh)) return ok(chunk);
      // Another call would have the same result: fewer messages than were seen, and no token to continue
      // with.
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
    // Concerns this request's tenant only: neither remembered nor reported.
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

  /** The next request of the same call. */
  #again(start: number, call: PageCall): Promise<Outcome> | Outcome {
    return call.callers > 0 ? this.#fetch(start, call) : 'left';
  }

  #refuse(start: number, atMs: number, internal: string): Refusal {
    return this.#failed(start, atMs, { type: 'upstream-broken', internal });
  }

  #failed(start: number, atMs: number, failure: SourceFailure): Refusal {
    // Only pages on the way to the newest one concern the poll.
    const isReported = this.#options.rows.usableAt(Infinity).start === start;
    const failed = failure.type === 'upstream-not-found' ? { ...failure, atMs } : failure;
    this.#failures.set(start, { failure: failed, atMs, isReported });
    if (isReported) this.#options.onHeadRead({ atMs, failure: failed });
    return fail(failed);
  }
}
