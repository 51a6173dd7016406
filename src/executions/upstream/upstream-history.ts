/**
 * An execution's history as its source tells it, read in full-size pages and one call at a time.
 *
 * It makes positions out of the upstream's tokens: page rows say which token starts where, and what lies between two rows
 * is found by walking. So none of these shows outside: a token that expired (the walk begins earlier), a page that the
 * source cut short, an empty page with a token, a page evicted from memory, a lagging read that returns less than an
 * earlier one (where memory can't make up for it, a failure says so; never does a chunk claim to be the last while more was
 * seen). A history that was replaced by another one does show, in the fingerprints.
 *
 * Invariant 3: at most one call is in flight; who wants the same page shares it; the poll goes before walks, and walks take
 * turns; a failure is remembered like a page. It decides when to call, not why: freshness comes from the Execution.
 * Over 300 lines: the walk and what may go wrong with a page share one state.
 */
import { type Result, type SourceFailure, fail, ok } from '../../core/errors.ts';
import { exceptionText } from '../../core/exception-text.ts';
import { type Fingerprint, fingerprintsAlong } from '../../messages/fingerprint.ts';
import { endOf, positionIn } from '../../messages/history.ts';
import type { Clock } from '../../core/clock.ts';
import { type ExecutionRef, executionKey } from '../../core/execution-ref.ts';
import type { Source, SourcePage } from '../../sources/source.ts';
import type { PageMemory, UpstreamChunk } from './page-memory.ts';
import type { PageRow, PageRows } from './page-rows.ts';
import { SerialQueue } from '../../core/serial-queue.ts';

/** An upstream that never stops giving pages must not be walked for ever. AWS ends histories at 25,000 events. */
export const HISTORY_MESSAGES_MAX = 1_000_000;
/** Empty pages with a token in a row before we call it broken. */
export const EMPTY_PAGES_MAX = 50;
/** Walks that one read begins anew because tokens expired under it. */
export const TOKEN_LOSSES_MAX = 3;
/** Reads that keep returning less than was seen lag no longer: that is the history now. As long as we let one settle. */
export const LAG_MS_MAX = 10_000;

/** What one reader's request cost; for Cache-Status and the request log. */
export interface ReadTrace {
  /** Requests sent upstream that this reader caused, retries included. */
  calls: number;
  /** It waited for a call that another one had caused. */
  collapsed: boolean;
}

export const newTrace = (): ReadTrace => ({ calls: 0, collapsed: false });

export interface Freshness {
  /** The last page must not be older than this, in clock milliseconds. */
  readonly lastNotBeforeMs: number;
  /** Nor a remembered failure than this; as the last page, when absent. */
  readonly failureNotBeforeMs?: number;
  /** Every page must have been read whole since then: the walk that settles a history. */
  readonly allNotBeforeMs?: number;
  /** The poll of those who follow: it goes before walks. */
  readonly poll?: boolean;
}

/** The newest end that was seen. */
export interface KnownEnd {
  readonly position: number;
  readonly fingerprint: Fingerprint;
  /** Of the last message. */
  readonly eventType?: string;
  readonly timestamp?: string;
  readonly readAtMs: number;
}

interface Call {
  readonly start: number;
  /** Of the reader that caused it. */
  readonly trace: ReadTrace;
  readonly done: Promise<Outcome>;
  readonly resolve: (outcome: Outcome) => void;
}

/**
 * Instead of a chunk or a failure: look again. `lost`: a call was made and brought nothing (its token had expired, or the
 * history is another one). `moved`: no call was made, since the page's row is not what it was.
 */
type Outcome = Result<UpstreamChunk, SourceFailure> | 'lost' | 'moved';
type Refusal = ReturnType<typeof fail<SourceFailure>>;

export interface UpstreamHistoryOptions {
  /** Shared with all other calls about this execution. */
  readonly calls?: SerialQueue;
  readonly source: Source;
  readonly ref: ExecutionRef;
  readonly rows: PageRows;
  readonly memory: PageMemory;
  readonly clock: Clock;
  /** Told of every reading of the newest page: what the end was before and is now, or why it can't be read. */
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
  readonly #calls: SerialQueue;
  /** Names this execution in the memory that all share. */
  readonly #memoryKey: string;
  #end: KnownEnd | undefined;
  #running: Call | undefined;
  #queue: Call[] = [];
  /** By start of the page. `told`: who follows has heard of it. */
  readonly #failures = new Map<number, { failure: SourceFailure; atMs: number; told: boolean }>();
  readonly #limits = new Map<number, number>();
  readonly #emptyPages = new Map<number, number>();
  #laggingSinceMs: number | undefined;
  /** Counts what was forgotten: a call from before must not bring it back. */
  #epoch = 0;

  constructor(options: UpstreamHistoryOptions) {
    this.#options = options;
    this.#memoryKey = executionKey(options.ref);
    this.#calls = options.calls ?? new SerialQueue();
  }

  get end(): KnownEnd | undefined {
    return this.#end;
  }

  /** The chunk that holds the position, or the last one. Calls the source only for what memory can't answer. */
  async chunkAt(
    position: number,
    freshness: Freshness,
    trace: ReadTrace,
  ): Promise<Result<UpstreamChunk, SourceFailure>> {
    const { rows, clock } = this.#options;
    const failureNotBeforeMs = freshness.failureNotBeforeMs ?? freshness.lastNotBeforeMs;
    for (let losses = 0; losses <= TOKEN_LOSSES_MAX;) {
      const row = rows.at(position);
      const remembered = this.#remembered(row, position, freshness);
      if (remembered) return ok(remembered);
      const wanted = rows.usableAt(position);
      const failed = this.#failures.get(wanted.start);
      if (failed && failed.atMs >= failureNotBeforeMs) {
        // It may be in the way to the newest page only now. Who polls has to hear of it, or would poll again at once.
        if (freshness.poll && !failed.told) this.#failed(wanted.start, failed.atMs, failed.failure);
        return this.#heldAlready(position, freshness) ?? fail(failed.failure);
      }
      const { call, shared } = this.#call(wanted.start, freshness.poll ?? false, trace);
      const outcome = await call.done;
      if (outcome === 'lost') losses++;
      if (outcome === 'lost' || outcome === 'moved') continue;
      if (!outcome.ok) return this.#heldAlready(position, freshness) ?? outcome;
      // Taken from the call itself: under pressure it may already be gone from memory. A call of our own is as fresh as
      // can be, even where a lagging read confirmed less than was known.
      const chunk = this.#asKnown(outcome.value);
      const fresh = shared ? freshness : { lastNotBeforeMs: 0 };
      if (answers(chunk, position, fresh)) return ok(chunk);
      // The same call again would bring the same: a reading that ends before what was seen, and no token to go on with.
      if (!shared && rows.usableAt(position).start === wanted.start) {
        const internal = 'an upstream read lags behind an earlier one';
        return this.#failed(wanted.start, chunk.confirmedAtMs, { type: 'upstream-internal', internal });
      }
    }
    const internal = 'tokens expire faster than pages can be read';
    return this.#failed(rows.usableAt(position).start, clock.now(), { type: 'upstream-broken', internal });
  }

  /** Forgets everything, also in storage. A call that is under way brings nothing of it back. */
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

  /** How many messages the history has at the least. */
  get #knownLength(): number {
    return Math.max(this.#end?.position ?? 0, this.#options.rows.lastStart);
  }

  /** A chunk is the last one only while nothing was seen behind it, and not because another Execution left it in memory. */
  #asKnown(chunk: UpstreamChunk): UpstreamChunk {
    const isLast = chunk.last && this.#end !== undefined && endOf(chunk) >= this.#knownLength;
    return isLast === chunk.last ? chunk : { ...chunk, last: isLast };
  }

  #remembered(row: PageRow, position: number, freshness: Freshness): UpstreamChunk | undefined {
    const read = this.#inMemory(row);
    const chunk = read && this.#asKnown(read);
    return chunk && answers(chunk, position, freshness) ? chunk : undefined;
  }

  /**
   * What is there already, where what follows can't be asked for just now: better than nothing, and not the last chunk, so
   * that a reader meets the failure behind it.
   */
  #heldAlready(position: number, freshness: Freshness): Result<UpstreamChunk, SourceFailure> | undefined {
    const chunk = this.#inMemory(this.#options.rows.at(position));
    const held = chunk && { ...chunk, last: false };
    return held && answers(held, position, freshness) ? ok(held) : undefined;
  }

  /** What memory holds for this row. It outlives Executions, so it may be of a history that was replaced since. */
  #inMemory(row: PageRow): UpstreamChunk | undefined {
    const chunk = this.#options.memory.get(`${this.#memoryKey}/${row.start}`);
    return chunk?.fingerprints[0] === row.fingerprint ? chunk : undefined;
  }

  /** The call for this page: the one that somebody began, or a new one. */
  #call(start: number, poll: boolean, trace: ReadTrace): { call: Call; shared: boolean } {
    const same =
      this.#running?.start === start ? this.#running : this.#queue.find((call) => call.start === start);
    if (same) {
      trace.collapsed = true;
      if (poll && same !== this.#running) {
        this.#queue = [same, ...this.#queue.filter((call) => call !== same)];
      }
      return { call: same, shared: true };
    }
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const call: Call = { start, trace, done: promise, resolve };
    if (poll) this.#queue.unshift(call);
    else this.#queue.push(call);
    this.#next();
    return { call, shared: false };
  }

  #next(): void {
    if (this.#running) return;
    const call = this.#queue.shift();
    if (!call) return;
    this.#running = call;
    const finish = (outcome: Outcome) => {
      this.#running = undefined;
      call.resolve(outcome);
      this.#next();
    };
    this.#fetch(call.start, call.trace).then(finish, (error: unknown) =>
      finish(
        this.#refuse(call.start, this.#options.clock.now(), `reading a page threw: ${exceptionText(error)}`),
      ),
    );
  }

  async #fetch(start: number, trace: ReadTrace): Promise<Outcome> {
    const { source, ref, rows, clock } = this.#options;
    const row = rows.startingAt(start);
    if (!row || row.lost) return 'moved';
    const epoch = this.#epoch;
    const limit = this.#limits.get(start) ?? source.pageSizeMax;
    let beganAtMs = clock.now();
    const result = await this.#calls.run(() => {
      beganAtMs = clock.now();
      return source.page(ref, row.token, limit, undefined, () => trace.calls++);
    });
    if (epoch !== this.#epoch) return 'moved';
    if (result.ok) return this.#accept(row, result.value, beganAtMs, trace);
    const { failure } = result;
    if (failure.type === 'upstream-too-large' && limit > 1) {
      this.#limits.set(start, Math.ceil(limit / 2));
      return this.#fetch(start, trace);
    }
    const tokenRefused =
      failure.type === 'upstream-invalid-token' || failure.type === 'upstream-invalid-request';
    if (tokenRefused && row.token !== undefined) {
      await rows.loseTokensUpTo(start);
      return 'lost';
    }
    return this.#failed(start, beganAtMs, failure);
  }

  async #accept(row: PageRow, page: SourcePage, beganAtMs: number, trace: ReadTrace): Promise<Outcome> {
    const { rows, memory, messagesMax = HISTORY_MESSAGES_MAX } = this.#options;
    const { messages, nextToken } = page;
    this.#failures.delete(row.start);
    if (messages.length === 0 && nextToken !== undefined) {
      return this.#skipEmpty(row, nextToken, beganAtMs, trace);
    }
    this.#emptyPages.delete(row.start);
    if (nextToken !== undefined && nextToken === row.token) {
      return this.#refuse(row.start, beganAtMs, 'the next token is the one that was asked with');
    }
    const read: UpstreamChunk = {
      start: row.start,
      messages,
      fingerprints: fingerprintsAlong(row.fingerprint, messages),
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
      // What comes before this page is in doubt, too: only a walk from the start tells.
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
    const fingerprint = read.fingerprints.at(-1) ?? row.fingerprint;
    const before = messages.at(-1);
    memory.set(key, read);
    await rows.dropLost(row.start, end);
    if (nextToken === undefined) {
      this.#laggingSinceMs = undefined;
      const words = before ? lastWords(before) : (row.before ?? {});
      this.#end = { position: end, fingerprint, ...lastWords(words), readAtMs: beganAtMs };
      this.#headRead(beganAtMs, previous);
    } else {
      await rows.put({
        start: end,
        fingerprint,
        token: nextToken,
        lost: false,
        ...(before && { before: lastWords(before) }),
      });
    }
    return ok(read);
  }

  /** True when the page can't be of the history that was read before. */
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

  async #skipEmpty(row: PageRow, nextToken: string, atMs: number, trace: ReadTrace): Promise<Outcome> {
    const skipped = (this.#emptyPages.get(row.start) ?? 0) + 1;
    this.#emptyPages.set(row.start, skipped);
    if (skipped > EMPTY_PAGES_MAX || nextToken === row.token) {
      this.#emptyPages.delete(row.start);
      return this.#refuse(row.start, atMs, `${skipped} empty pages in a row, each with a token`);
    }
    await this.#options.rows.put({ ...row, token: nextToken, lost: false });
    return this.#fetch(row.start, trace);
  }

  #refuse(start: number, atMs: number, internal: string): Refusal {
    return this.#failed(start, atMs, { type: 'upstream-broken', internal });
  }

  #failed(start: number, atMs: number, failure: SourceFailure): Refusal {
    // The way to the newest page leads through this one.
    const told = this.#options.rows.usableAt(Infinity).start === start;
    this.#failures.set(start, { failure, atMs, told });
    if (told) this.#options.onHeadRead({ atMs, failure });
    return fail(failure);
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
  // Also for a position inside: what came behind it since belongs into the same answer.
  if (chunk.last && chunk.confirmedAtMs < lastNotBeforeMs) return false;
  return position >= chunk.start && (chunk.last || position < endOf(chunk));
}

const lastWords = ({
  eventType,
  timestamp,
}: {
  eventType?: string | undefined;
  timestamp?: string | undefined;
}) => ({
  ...(eventType !== undefined && { eventType }),
  ...(timestamp !== undefined && { timestamp }),
});
