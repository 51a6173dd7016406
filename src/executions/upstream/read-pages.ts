/**
 * Records what has been read of an execution's history: its cached pages, its page rows, and its newest known
 * end. Makes no calls. Compares each new page with what is known. Either the history has grown, or the read
 * lags behind an earlier one, or another history has replaced it (the fingerprints differ). A chunk is not
 * marked as the last one if later messages have been seen.
 */
import { type Result, ok } from '../../core/errors.ts';
import { type ExecutionRef, executionKey } from '../../core/execution-ref.ts';
import { type OpenWalk, deriveAll } from '../../messages/derive.ts';
import { fingerprintsAlong } from '../../messages/fingerprint.ts';
import { endOf, positionIn } from '../../messages/history.ts';
import { messagesBytes } from '../../messages/message.ts';
import type { SourcePage } from '../../sources/source.ts';
import type { PageMemory, UpstreamChunk } from './page-memory.ts';
import type { PageRow, PageRows } from './page-rows.ts';
import type { Freshness, KnownEnd } from './read-terms.ts';

/** Stops the walk through an upstream whose pages never end. AWS limits histories to 25,000 events. */
export const HISTORY_MESSAGES_MAX = 1_000_000;
/**
 * How long reads may return fewer messages than before. After this, the history counts as shortened. Equals
 * the settle time.
 */
export const LAG_MS_MAX = 10_000;

export interface ReadPagesOptions {
  readonly ref: ExecutionRef;
  readonly rows: PageRows;
  readonly memory: PageMemory;
  readonly openWalk: OpenWalk;
  /** Default: HISTORY_MESSAGES_MAX. */
  readonly messagesMax?: number;
  /** Called after the newest page was read, with the time of the read and the end known before it. */
  readonly onHeadRead: (atMs: number, previous: KnownEnd | undefined) => void;
  /**
   * Called when everything known is dropped, because another history has replaced this one or `forget` was
   * called.
   */
  readonly onForgotten: () => void;
}

export class ReadPages {
  readonly #options: ReadPagesOptions;
  /** The prefix of this execution's keys in the shared page memory. */
  readonly #memoryKey: string;
  #end: KnownEnd | undefined;
  #laggingSinceMs: number | undefined;

  constructor(options: ReadPagesOptions) {
    this.#options = options;
    this.#memoryKey = executionKey(options.ref);
  }

  get end(): KnownEnd | undefined {
    return this.#end;
  }

  /** True if a part of the history has been read. */
  get isKnown(): boolean {
    return this.#end !== undefined || this.#options.rows.lastStart > 0;
  }

  /** Returns the cached chunk that answers a read at this position, if the chunk is fresh enough. */
  at(position: number, freshness: Freshness): UpstreamChunk | undefined {
    const read = this.#inMemory(this.#options.rows.at(position));
    const chunk = read && this.asKnown(read);
    return chunk && answers(chunk, position, freshness) ? chunk : undefined;
  }

  /**
   * Returns the cached chunk, for use when newer messages cannot be read now. It is never marked as the last
   * one, so a reader that reads on gets the failure.
   */
  heldAlready(position: number, freshness: Freshness): Result<UpstreamChunk, never> | undefined {
    const chunk = this.#inMemory(this.#options.rows.at(position));
    const held = chunk && { ...chunk, last: false };
    return held && answers(held, position, freshness) ? ok(held) : undefined;
  }

  /**
   * Returns the chunk, marked as the last one only if this Execution has seen no messages after it. The
   * memory may contain chunks that an earlier Execution of the same id has read.
   */
  asKnown(chunk: UpstreamChunk): UpstreamChunk {
    const isLast = chunk.last && this.#end !== undefined && endOf(chunk) >= this.#knownLength;
    return isLast === chunk.last ? chunk : { ...chunk, last: isLast };
  }

  /** Forgets everything, in storage too. */
  async forget(): Promise<void> {
    const { rows, memory, onForgotten } = this.#options;
    this.#end = this.#laggingSinceMs = undefined;
    for (const { start } of [{ start: 0 }, ...rows.between(0, Infinity)])
      memory.delete(`${this.#memoryKey}/${start}`);
    onForgotten();
    await rows.clear();
  }

  /**
   * Records a page that starts at this row. Must not be called for an empty page with a token. Returns `lost`
   * if another history has replaced the known one, so that the caller has to walk from its start. Returns
   * `refused` with the reason if the upstream counts as broken.
   */
  async accept(
    row: PageRow,
    page: SourcePage,
    readAtMs: number,
  ): Promise<UpstreamChunk | 'lost' | { readonly refused: string }> {
    const { rows, memory, openWalk, messagesMax = HISTORY_MESSAGES_MAX } = this.#options;
    const { nextToken } = page;
    const { messages, state } = deriveAll(openWalk, row.walk, page.messages);
    const read: UpstreamChunk = {
      start: row.start,
      messages,
      fingerprints: fingerprintsAlong(row.fingerprint, messages),
      bytes: messagesBytes(messages),
      last: nextToken === undefined,
      readAtMs,
      confirmedAtMs: readAtMs,
    };
    const end = endOf(read);
    if (nextToken !== undefined && end > messagesMax) {
      return { refused: `history has more than ${messagesMax} messages` };
    }
    const known = this.#inMemory(row);
    const previous = this.#end;
    if (this.#isReplaced(read, known)) {
      await this.forget();
      // Earlier pages might have changed, too, so the caller has to walk from the start.
      if (row.start > 0) return 'lost';
    } else if (read.last && end < this.#knownLength) {
      const lagging = await this.#lagging(read, known, previous);
      if (lagging) return lagging;
    }
    if (rows.leadsBack(nextToken, row.start)) {
      return { refused: 'the next token is that of a page already read' };
    }
    const fingerprint = read.fingerprints.at(-1) ?? row.fingerprint;
    const before = messages.at(-1);
    memory.set(`${this.#memoryKey}/${row.start}`, read);
    await rows.dropLost(row.start, end);
    if (nextToken === undefined) {
      this.#laggingSinceMs = undefined;
      const last = before ?? row.before ?? {};
      this.#end = { position: end, fingerprint, ...typeAndTime(last), readAtMs };
      this.#options.onHeadRead(readAtMs, previous);
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
    return read;
  }

  /** The history has at least this many messages. */
  get #knownLength(): number {
    return Math.max(this.#end?.position ?? 0, this.#options.rows.lastStart);
  }

  /**
   * Returns the cached chunk of this row. The memory outlives Executions, so the chunk might belong to a
   * history that has been replaced since. Then its fingerprint differs.
   */
  #inMemory(row: PageRow): UpstreamChunk | undefined {
    const chunk = this.#options.memory.get(`${this.#memoryKey}/${row.start}`);
    return chunk?.fingerprints[0] === row.fingerprint ? chunk : undefined;
  }

  /**
   * Called when a read returned fewer messages than known. Returns the chunk to keep. Returns undefined if
   * reads have lagged for LAG_MS_MAX: the history then counts as shortened, and the missing messages are
   * dropped.
   */
  async #lagging(
    read: UpstreamChunk,
    known: UpstreamChunk | undefined,
    previous: KnownEnd | undefined,
  ): Promise<UpstreamChunk | undefined> {
    const { rows, memory } = this.#options;
    const { start, readAtMs } = read;
    this.#laggingSinceMs ??= readAtMs;
    if (readAtMs - this.#laggingSinceMs >= LAG_MS_MAX) {
      for (const dropped of await rows.dropBehind(start))
        memory.delete(`${this.#memoryKey}/${dropped.start}`);
      return undefined;
    }
    const chunk = known && endOf(known) >= endOf(read) ? { ...known, confirmedAtMs: readAtMs } : read;
    memory.set(`${this.#memoryKey}/${start}`, chunk);
    if (this.asKnown(chunk).last) this.#options.onHeadRead(readAtMs, previous);
    return chunk;
  }

  /** True if a fingerprint of the page differs from the one known for the same position. */
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
}

/** True if the chunk is fresh enough, and either contains the position or is the last chunk. */
export function answers(
  chunk: UpstreamChunk,
  position: number,
  { lastNotBeforeMs, allNotBeforeMs = 0 }: Freshness,
): boolean {
  if (chunk.readAtMs < allNotBeforeMs) return false;
  // This also applies to positions inside the chunk, because newer messages belong in the same answer.
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
