/**
 * An execution's history as its source has it, read in full-size pages, one call at a time.
 *
 * It turns the upstream's tokens into positions: page rows record which token starts where, and a walk finds what lies between
 * two rows. Readers therefore never notice an expired token (the walk starts earlier), a short page, an empty page with a token,
 * a page evicted from memory, or a read that lags behind an earlier one. If memory cannot make up for a lagging read, it fails:
 * no chunk claims to be the last after more was seen. A history that was replaced by another shows in the fingerprints.
 *
 * A walk ends when nobody waits for it any more: a call in flight completes and is remembered. A call that waits for its turn, in
 * the budget too, is not made.
 *
 * Invariant 3: at most one call is in flight; readers of the same page share it; polls precede walks, and walks run one at a
 * time, one for each tenant in turn; a failure is remembered like a page. It decides when to call, not why: freshness comes from its caller.
 * Over 300 lines: the walk and the handling of broken pages share one state.
 */
import { type Result, type SourceFailure, fail, ok } from '../../core/errors.ts';
import { exceptionText } from '../../core/exception-text.ts';
import { type OpenWalk, deriveAll } from '../../messages/derive.ts';
import { fingerprintsAlong } from '../../messages/fingerprint.ts';
import { endOf, positionIn } from '../../messages/history.ts';
import { messagesBytes } from '../../messages/message.ts';
import type { Clock } from '../../core/clock.ts';
import { type ExecutionRef, executionKey } from '../../core/execution-ref.ts';
import type { Source, SourcePage } from '../../sources/source.ts';
import { ExecutionCalls, isOthersShare } from './execution-calls.ts';
import { VirtualTime } from '../../core/virtual-time.ts';
import type { PageMemory, UpstreamChunk } from './page-memory.ts';
import type { PageRow, PageRows } from './page-rows.ts';
import {
  WALK_PAGES_MAX,
  type ReadTrace,
  type Walk,
  endlessWalk,
  type Freshness,
  type KnownEnd,
} from './read-terms.ts';
import { isStillUnknown } from '../unknown-executions.ts';

/** Stops the walk through an upstream that never ends. AWS ends histories at 25,000 events. */
export const HISTORY_MESSAGES_MAX = 1_000_000;
/** Empty pages with a token in a row before the upstream counts as broken. */
export const EMPTY_PAGES_MAX = 50;
/** Restarts of one read's walk because tokens expired during it. */
export const TOKEN_LOSSES_MAX = 3;
/** After this long, reads that return less than was seen do not lag: the history is shorter now. As long as the settle time. */
export const LAG_MS_MAX = 10_000;

interface Call {
  readonly start: number;
  /** Of the request that caused it. */
  readonly trace: ReadTrace;
  /** A poll wants it. */
  precedes: boolean;
  readonly done: Promise<Outcome>;
  readonly resolve: (outcome: Outcome) => void;
  /** How many wait for it. */
  callers: number;
  /** A request was sent: it completes and is remembered, even if nobody waits for it any more. */
  isSent: boolean;
  /** Aborted if the last caller leaves before: then the call gives up its place in the budget's queue. */
  readonly abandoned: AbortController;
}

/**
 * Besides a chunk or a failure: look again. `lost`: the call brought nothing, because its token had expired or the history was
 * replaced. `moved`: no call was made, because the page's row has changed. `left`: nobody waited for it any more.
 */
type Outcome = Result<UpstreamChunk, SourceFailure> | 'lost' | 'moved' | 'left';
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
  readonly #calls: ExecutionCalls;
  /** Names this execution in the memory that all share. */
  readonly #memoryKey: string;
  #end: KnownEnd | undefined;
  #running: Call | undefined;
  #queue: Call[] = [];
  readonly #time = new VirtualTime();
  /** By start of the page. `isReported`: to `onHeadRead`. */
  readonly #failures = new Map<number, { failure: SourceFailure; atMs: number; isReported: boolean }>();
  readonly #limits = new Map<number, number>();
  readonly #emptyPages = new Map<number, number>();
  #laggingSinceMs: number | undefined;
  /** Incremented by `clear`: a call that started before must not bring anything back. */
  #epoch = 0;

  constructor(options: UpstreamHistoryOptions) {
    this.#options = options;
    this.#memoryKey = executionKey(options.ref);
    this.#calls = options.calls ?? new ExecutionCalls(options.source, options.ref);
  }

  get end(): KnownEnd | undefined {
    return this.#end;
  }

  /** The source has had this execution: something of it was read. */
  get isKnown(): boolean {
    return this.#end !== undefined || this.#options.rows.lastStart > 0;
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
      const row = rows.at(position);
      const remembered = this.#remembered(row, position, freshness);
      if (remembered) return ok(remembered);
      const wanted = rows.usableAt(position);
      const failed = this.#failures.get(wanted.start);
      const isFresh =
        failed?.failure.type === 'upstream-not-found'
          ? isStillUnknown(failed.atMs, clock.now())
          : failed && failed.atMs >= failureNotBeforeMs;
      if (failed && isFresh) {
        // The failed page may lead to the newest page only now. Reported, so that the poller backs off.
        if (trace.origin.class === 'poll' && !failed.isReported)
          this.#failed(wanted.start, failed.atMs, failed.failure);
        return this.#heldAlready(position, freshness) ?? fail(failed.failure);
      }
      if (walk.pagesLeft <= 0 || walk.signal?.aborted) {
        const internal = walk.signal?.aborted
          ? 'its caller has left'
          : `${WALK_PAGES_MAX} upstream pages read`;
        return this.#heldAlready(position, freshness) ?? fail({ type: 'upstream-unfinished', internal });
      }
      walk.pagesLeft--;
      const { call, shared } = this.#call(wanted.start, trace);
      const waiting = this.#outcome(call, walk.signal);
      this.#calls.wait(trace.origin, waiting);
      const outcome = await waiting;
      if (outcome === 'lost') losses++;
      if (outcome === 'lost' || outcome === 'moved' || outcome === 'left') continue;
      if (isOthersShare(outcome, call.trace.origin, trace.origin)) continue;
      if (!outcome.ok) return this.#heldAlready(position, freshness) ?? outcome;
      // Taken from the call itself: memory may have evicted it already. The result of this request's own call is as fresh as
      // possible, even if a lagging read confirmed less than was known.
      const chunk = this.#asKnown(outcome.value);
      const fresh = shared ? freshness : { lastNotBeforeMs: 0 };
      if (answers(chunk, position, fresh)) return ok(chunk);
      // The same call would have the same result: it ends before what was seen, without a token to continue with.
      if (!shared && rows.usableAt(position).start === wanted.start) {
        const internal = 'an upstream read lags behind an earlier one';
        return this.#failed(wanted.start, chunk.confirmedAtMs, { type: 'upstream-internal', internal });
      }
    }
    const internal = 'tokens expire faster than pages can be read';
    return this.#failed(rows.usableAt(position).start, clock.now(), { type: 'upstream-broken', internal });
  }

  /** Forgets everything, in storage too. A call in progress brings nothing back. */
  async clear(): Promise<void> {
    this.#epoch++;
    await this.#forget();
  }

  async #forget(): Promise<void> {
    const { rows, memory } = this.#options;
    this.#end = this.#laggingSinceMs = undefined;
    for (const { start } of [{ start: 0 }, ...rows.between(0, Infinity)])
      memory.delete(`${this.#memoryKey}/${start}`);
    for (const map of [this.#failures, this.#limits, this.#emptyPages]) map.clear();
    await rows.clear();
  }

  /** The history has at least this many messages. */
  get #knownLength(): number {
    return Math.max(this.#end?.position ?? 0, this.#options.rows.lastStart);
  }

  /** A chunk is the last one only if nothing was seen after it by this Execution: another may have left it in memory. */
  #asKnown(chunk: UpstreamChunk): UpstreamChunk {
    const isLast = chunk.last && this.#end !== undefined && endOf(chunk) >= this.#knownLength;
    return isLast === chunk.last ? chunk : { ...chunk, last: isLast };
  }

  #remembered(row: PageRow, position: number, freshness: Freshness): UpstreamChunk | undefined {
    const read = this.#inMemory(row);
    const chunk = read && this.#asKnown(read);
    return chunk && answers(chunk, position, freshness) ? chunk : undefined;
  }

  /** The known chunk, if what follows cannot be read just now. Not marked as the last one: a reader meets the failure after it. */
  #heldAlready(position: number, freshness: Freshness): Result<UpstreamChunk, SourceFailure> | undefined {
    const chunk = this.#inMemory(this.#options.rows.at(position));
    const held = chunk && { ...chunk, last: false };
    return held && answers(held, position, freshness) ? ok(held) : undefined;
  }

  /** Memory outlives Executions, so its chunk may belong to a history that was replaced since. */
  #inMemory(row: PageRow): UpstreamChunk | undefined {
    const chunk = this.#options.memory.get(`${this.#memoryKey}/${row.start}`);
    return chunk?.fingerprints[0] === row.fingerprint ? chunk : undefined;
  }

  /** The call for this page: one in progress or queued, or a new one. */
  #call(start: number, trace: ReadTrace): { call: Call; shared: boolean } {
    const precedes = trace.origin.class === 'poll';
    const same =
      this.#running?.start === start ? this.#running : this.#queue.find((call) => call.start === start);
    if (same) {
      trace.collapsed = true;
      same.precedes ||= precedes;
      return { call: same, shared: true };
    }
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const abandoned = new AbortController();
    const call: Call = {
      start,
      trace,
      precedes,
      done: promise,
      resolve,
      callers: 0,
      isSent: false,
      abandoned,
    };
    this.#queue.push(call);
    this.#next();
    return { call, shared: false };
  }

  /** What the call brings, or `left` as soon as this caller has left. A call that nobody waits for any more is not sent. */
  async #outcome(call: Call, signal: AbortSignal | undefined): Promise<Outcome> {
    call.callers++;
    const left = Promise.withResolvers<'left'>();
    const leave = () => left.resolve('left');
    signal?.addEventListener('abort', leave, { once: true });
    const outcome = await Promise.race([call.done, left.promise]);
    signal?.removeEventListener('abort', leave);
    call.callers--;
    if (call.callers === 0) {
      this.#queue = this.#queue.filter((queued) => queued !== call);
      if (!call.isSent) call.abandoned.abort();
    }
    return outcome;
  }

  /** A poll first, then one call for each tenant that reads: many walks of one must not keep another waiting. */
  #next(): void {
    if (this.#running) return;
    const payerOf = ({ trace: { origin } }: Call) =>
      origin.class === 'reader' ? origin.tenant : origin.class;
    const payer = this.#time.first(this.#queue.map(payerOf));
    const call =
      this.#queue.find(({ precedes }) => precedes) ?? this.#queue.find((queued) => payerOf(queued) === payer);
    if (!call) return;
    this.#queue = this.#queue.filter((queued) => queued !== call);
    this.#time.serve(payerOf(call));
    this.#running = call;
    const finish = (outcome: Outcome) => {
      this.#running = undefined;
      call.resolve(outcome);
      this.#next();
    };
    this.#fetch(call.start, call).then(finish, (error: unknown) =>
      finish(
        this.#refuse(call.start, this.#options.clock.now(), `reading a page threw: ${exceptionText(error)}`),
      ),
    );
  }

  async #fetch(start: number, call: Call): Promise<Outcome> {
    const { source, ref, rows, clock } = this.#options;
    const row = rows.startingAt(start);
    if (!row || row.lost) return 'moved';
    const epoch = this.#epoch;
    const limit = this.#limits.get(start) ?? source.pageSizeMax;
    let beganAtMs = clock.now();
    const { origin } = call.trace;
    const { signal } = call.abandoned;
    call.isSent = false;
    const onAttempt = () => {
      call.isSent = true;
      call.trace.calls++;
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

  async #accept(row: PageRow, page: SourcePage, beganAtMs: number, call: Call): Promise<Outcome> {
    const { rows, memory, openWalk, messagesMax = HISTORY_MESSAGES_MAX } = this.#options;
    const { nextToken } = page;
    const { messages, state } = deriveAll(openWalk, row.walk, page.messages);
    this.#failures.delete(row.start);
    if (messages.length === 0 && nextToken !== undefined) {
      return this.#skipEmpty(row, nextToken, beganAtMs, call);
    }
    this.#emptyPages.delete(row.start);
    const read: UpstreamChunk = {
      start: row.start,
      messages,
      fingerprints: fingerprintsAlong(row.fingerprint, messages),
      bytes: messagesBytes(messages),
      last: nextToken === undefined,
      readAtMs: beganAtMs,
      confirmedAtMs: beganAtMs,
    };
    const end = endOf(read);
    if (nextToken !== undefined && end > messagesMax) {
      return this.#refuse(row.start, beganAtMs, `history has more than ${messagesMax} messages`);
    }
    const key = `${this.#memoryKey}/${row.start}`;
    const known = this.#inMemory(row);
    const previous = this.#end;
    if (this.#isReplaced(read, known)) {
      await this.#forget();
      // Earlier pages may have changed, too: only a walk from the start tells.
      if (row.start > 0) return 'lost';
    } else if (read.last && end < this.#knownLength) {
      this.#laggingSinceMs ??= beganAtMs;
      if (beganAtMs - this.#laggingSinceMs < LAG_MS_MAX) {
        const chunk = known && endOf(known) >= end ? { ...known, confirmedAtMs: beganAtMs } : read;
        memory.set(key, chunk);
        if (this.#asKnown(chunk).last) this.#headRead(beganAtMs, previous);
        return ok(chunk);
      }
      for (const { start } of await rows.dropBehind(row.start)) memory.delete(`${this.#memoryKey}/${start}`);
    }
    if (rows.leadsBack(nextToken, row.start)) {
      return this.#refuse(row.start, beganAtMs, 'the next token is that of a page already read');
    }
    const fingerprint = read.fingerprints.at(-1) ?? row.fingerprint;
    const before = messages.at(-1);
    memory.set(key, read);
    await rows.dropLost(row.start, end);
    if (nextToken === undefined) {
      this.#laggingSinceMs = undefined;
      const last = before ?? row.before ?? {};
      this.#end = { position: end, fingerprint, ...typeAndTime(last), readAtMs: beganAtMs };
      this.#headRead(beganAtMs, previous);
    } else {
      await rows.put({
        start: end,
        fingerprint,
        token: nextToken,
        lost: false,
        walk: state,
        ...(before && { before: typeAndTime(before) }),
      });
    }
    return ok(read);
  }

  /** True if the page contradicts the history that was read before. */
  #isReplaced(read: UpstreamChunk, known: UpstreamChunk | undefined): boolean {
    if (known) {
      const both = Math.min(known.messages.length, read.messages.length);
      if (known.fingerprints[both] !== read.fingerprints[both]) return true;
    }
    const seen = this.#options.rows
      .between(read.start, endOf(read))
      .map(({ start, fingerprint }) => ({ position: start, fingerprint }));
    return [...seen, ...(this.#end ? [this.#end] : [])].some(({ position, fingerprint }) => {
      const here = positionIn(read, position);
      return here !== undefined && here.fingerprint !== fingerprint;
    });
  }

  async #skipEmpty(row: PageRow, nextToken: string, atMs: number, call: Call): Promise<Outcome> {
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
  #again(start: number, call: Call): Promise<Outcome> | Outcome {
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

  #headRead(atMs: number, previous: KnownEnd | undefined): void {
    this.#options.onHeadRead({ atMs, ...(previous && { previous }), ...(this.#end && { end: this.#end }) });
  }
}

function answers(
  chunk: UpstreamChunk,
  position: number,
  { lastNotBeforeMs, allNotBeforeMs = 0 }: Freshness,
): boolean {
  if (chunk.readAtMs < allNotBeforeMs) return false;
  // Also for a position inside: messages that followed since belong in the same answer.
  if (chunk.last && chunk.confirmedAtMs < lastNotBeforeMs) return false;
  return position >= chunk.start && (chunk.last || position < endOf(chunk));
}

const typeAndTime = ({
  eventType,
  timestamp,
}: {
  eventType?: string | undefined;
  timestamp?: string | undefined;
}) => ({
  ...(eventType !== undefined && { eventType }),
  ...(timestamp !== undefined && { timestamp }),
});
