/**
 * An execution's history as its source tells it, read in full-size pages and one call at a time.
 *
 * It makes positions out of the upstream's tokens: page rows say which token starts where, and what lies between two rows
 * is found by walking. So none of these shows outside: a token that expired (the walk begins earlier), a page that the
 * source cut short, an empty page with a token, a lagging read that returns less than an earlier one, a page evicted from
 * memory. A history that was replaced by another one does show, in the fingerprints.
 *
 * Invariant 3: at most one call is in flight; who wants the same page shares it; the poll goes before walks, and walks take
 * turns; a failure is remembered like a page. It decides when to call, not why: freshness comes from the Execution.
 */
import { type Result, type SourceFailure, fail, ok } from '../errors.ts';
import { type Fingerprint, fingerprintsAlong } from '../messages/fingerprint.ts';
import { endOf } from '../messages/history.ts';
import type { Clock } from '../clock.ts';
import type { Source, SourcePage } from '../sources/source.ts';
import type { PageMemory, UpstreamChunk } from './page-memory.ts';
import type { PageRow, PageRows } from './page-rows.ts';

/** An upstream that never stops giving pages must not be walked for ever. AWS ends histories at 25,000 events. */
export const HISTORY_MESSAGES_MAX = 1_000_000;
/** Empty pages with a token in a row before we call it broken. */
export const EMPTY_PAGES_MAX = 50;
/** Walks that one read begins anew because tokens expired under it. */
const TOKEN_LOSSES_MAX = 3;

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

/** undefined: the ground moved (a token was lost, say); look again. */
type Outcome = Result<UpstreamChunk, SourceFailure> | undefined;

export interface UpstreamHistoryOptions {
  readonly source: Source;
  readonly executionId: string;
  readonly rows: PageRows;
  readonly memory: PageMemory;
  /** Names this execution in the shared memory. */
  readonly memoryKey: string;
  readonly clock: Clock;
  /** Told of every reading of the newest page: what the end was before and is now, or why it can't be read. */
  readonly onHeadRead: (reading: HeadReading) => void;
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
  #end: KnownEnd | undefined;
  #running: Call | undefined;
  #queue: Call[] = [];
  /** By start of the page. */
  readonly #failures = new Map<number, { failure: SourceFailure; atMs: number }>();
  readonly #limits = new Map<number, number>();
  readonly #emptyPages = new Map<number, number>();

  constructor(options: UpstreamHistoryOptions) {
    this.#options = options;
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
    const { rows } = this.#options;
    for (let losses = 0; losses <= TOKEN_LOSSES_MAX;) {
      const row = rows.at(position);
      const remembered = this.#remembered(row, position, freshness);
      if (remembered) return ok(remembered);
      const wanted = rows.usableAt(row.start);
      const failed = this.#failures.get(wanted.start);
      if (failed && failed.atMs >= (freshness.failureNotBeforeMs ?? freshness.lastNotBeforeMs))
        return fail(failed.failure);
      const { call, shared } = this.#call(wanted.start, freshness.poll ?? false, trace);
      const outcome = await call.done;
      if (outcome === undefined) {
        losses++;
        continue;
      }
      if (!outcome.ok) return outcome;
      const chunk = outcome.value;
      // Taken from the call itself: under pressure it may already be gone from memory. A call of our own is as fresh as
      // can be, even where a lagging read confirmed less than was known.
      const fresh = shared ? freshness : { lastNotBeforeMs: 0 };
      if (rows.at(position).start === wanted.start && answers(chunk, position, fresh)) return outcome;
      // A reading that ends before the pages that we knew of: what lies between can't be reached just now.
      if (chunk.last && wanted.start < row.start) return outcome;
      if (endOf(chunk) > HISTORY_MESSAGES_MAX) {
        return fail({
          type: 'upstream-broken',
          internal: `history has more than ${HISTORY_MESSAGES_MAX} messages`,
        });
      }
    }
    return fail({ type: 'upstream-broken', internal: 'tokens expire faster than pages can be read' });
  }

  /** Forgets everything, also in storage: the history was replaced. */
  async clear(): Promise<void> {
    const { rows, memory, memoryKey } = this.#options;
    for (const { start } of [{ start: 0 }, ...rows.between(0, Infinity)])
      memory.delete(`${memoryKey}/${start}`);
    await rows.clear();
    this.#end = undefined;
    this.#failures.clear();
  }

  #remembered(row: PageRow, position: number, freshness: Freshness): UpstreamChunk | undefined {
    const chunk = this.#options.memory.get(`${this.#options.memoryKey}/${row.start}`);
    return chunk && answers(chunk, position, freshness) ? chunk : undefined;
  }

  /** The call for this page: the one that somebody began, or a new one. */
  #call(start: number, poll: boolean, trace: ReadTrace): { call: Call; shared: boolean } {
    const same =
      this.#running?.start === start ? this.#running : this.#queue.find((call) => call.start === start);
    if (same) {
      trace.collapsed = true;
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
      finish(fail({ type: 'upstream-broken', internal: `reading a page threw: ${String(error)}` })),
    );
  }

  async #fetch(start: number, trace: ReadTrace): Promise<Outcome> {
    const { source, executionId, rows, clock } = this.#options;
    const row = rows.startingAt(start);
    if (!row || row.lost) return undefined;
    const limit = this.#limits.get(start) ?? source.pageSizeMax;
    const beganAtMs = clock.now();
    const result = await source.page(executionId, row.token, limit, undefined, () => trace.calls++);
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
      return undefined;
    }
    return this.#failed(start, beganAtMs, failure);
  }

  async #accept(row: PageRow, page: SourcePage, beganAtMs: number, trace: ReadTrace): Promise<Outcome> {
    const { rows, memory, memoryKey } = this.#options;
    this.#failures.delete(row.start);
    if (page.messages.length === 0 && page.nextToken !== undefined) {
      return this.#skipEmpty(row, page.nextToken, beganAtMs, trace);
    }
    this.#emptyPages.delete(row.start);
    if (page.nextToken !== undefined && page.nextToken === row.token) {
      return this.#refuse(row.start, beganAtMs, 'the next token is the one that was asked with');
    }
    const key = `${memoryKey}/${row.start}`;
    const read: UpstreamChunk = {
      start: row.start,
      messages: page.messages,
      fingerprints: fingerprintsAlong(row.fingerprint, page.messages),
      last: page.nextToken === undefined,
      readAtMs: beganAtMs,
      confirmedAtMs: beganAtMs,
    };
    const end = endOf(read);
    const previous = this.#end;
    const known = memory.get(key);
    if (known && isBeginningOf(read, known)) {
      const confirmed = { ...known, confirmedAtMs: beganAtMs };
      memory.set(key, confirmed);
      this.#headRead(beganAtMs, this.#end);
      return ok(confirmed);
    }
    if (rows.between(row.start, end).some((r) => read.fingerprints[r.start - row.start] !== r.fingerprint)) {
      for (const { start } of await rows.dropBehind(row.start)) memory.delete(`${memoryKey}/${start}`);
      this.#end = undefined;
    }
    if (known && known.messages.length > read.messages.length) this.#end = undefined;
    if (page.nextToken !== undefined) {
      const before = page.messages.at(-1);
      await rows.put({
        start: end,
        fingerprint: read.fingerprints.at(-1) ?? row.fingerprint,
        token: page.nextToken,
        lost: false,
        ...(before && { before: lastWords(before) }),
      });
    } else if (!rows.hasBehind(end) && (this.#end?.position ?? 0) <= end) {
      const last = page.messages.at(-1);
      this.#end = {
        position: end,
        fingerprint: read.fingerprints.at(-1) ?? row.fingerprint,
        ...lastWords(last ?? row.before ?? {}),
        readAtMs: beganAtMs,
      };
    }
    memory.set(key, read);
    if (read.last) this.#headRead(beganAtMs, previous);
    return ok(read);
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

  #refuse(start: number, atMs: number, internal: string): Outcome {
    return this.#failed(start, atMs, { type: 'upstream-broken', internal });
  }

  #failed(start: number, atMs: number, failure: SourceFailure): Outcome {
    this.#failures.set(start, { failure, atMs });
    if (!this.#options.rows.hasBehind(start)) this.#options.onHeadRead({ atMs, failure });
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
  if (position < endOf(chunk)) return position >= chunk.start;
  return chunk.last && chunk.confirmedAtMs >= lastNotBeforeMs;
}

/** Upstream reads can lag: the new reading is the same history, only shorter, and claims to be all of it. */
const isBeginningOf = (read: UpstreamChunk, known: UpstreamChunk): boolean =>
  read.last &&
  read.messages.length < known.messages.length &&
  known.fingerprints[read.messages.length] === read.fingerprints.at(-1);

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
