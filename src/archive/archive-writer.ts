/**
 * Writes one generation of a history. Messages are added in order. Parts are written as soon as they are full,
 * except the first part of the current page and that of page 0. So memory holds at most three parts, however
 * long the history is. `commit` makes the generation visible in one write. Before `commit`, and after
 * `abandon`, readers see nothing of it.
 */
import { fingerprintAfter, fingerprintAtStart } from '../messages/fingerprint.ts';
import { type MessageWalk, type OpenWalk, WALK_START } from '../messages/derive.ts';
import type { Position } from '../messages/cursor.ts';
import { startOf } from '../messages/history.ts';
import { statusAfter } from '../messages/event-types.ts';
import { type Message, messageBytes } from '../messages/message.ts';
import type { KeyValueStore } from '../storage/key-value.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import type { Clock } from '../core/clock.ts';
import {
  ARCHIVE_VERSION,
  type ArchiveHead,
  DERIVED,
  type ReadDescription,
  upstreamFactsOf,
} from './archive-head.ts';
import { partKey } from './archive-keys.ts';
import { ARCHIVE_PAGE_MESSAGES, type ArchiveRecord, PART_BYTES_MAX, encodeRecord } from './archive-record.ts';

/**
 * How much longer pages live than their head. This is longer than caches keep a head, and longer than the
 * largest import takes, because an import writes its pages first and the head last.
 */
const PAGES_OUTLIVE_HEAD_SECONDS = 3_600;

/**
 * Records which generations are being written. If a generation never becomes visible, its pages are deleted
 * later, even after a restart.
 */
export interface PageIntents {
  /**
   * Called before the first part is written. Not called for a history of one part, which `commit` writes
   * together with the head. Throws if the intent cannot be stored.
   */
  writing(generation: string): Promise<void>;
  /**
   * Called when the writer has finished. `done` is true if the generation is visible or its pages are
   * deleted. Never throws.
   */
  written(generation: string, done: boolean): Promise<void>;
}

export interface ArchiveWriterOptions {
  readonly ref: ExecutionRef;
  readonly store: KeyValueStore;
  readonly random: () => number;
  readonly clock: Clock;
  readonly openWalk: OpenWalk;
  readonly readDescription: ReadDescription;
  readonly ttlSeconds?: number;
  readonly intents?: PageIntents;
}

interface Part {
  readonly start: number;
  readonly fingerprint: string;
  /** The state of the derivation before the part's first message. */
  readonly walk: string;
  readonly messages: Message[];
  bytes: number;
}

/** 16 characters of base 36, so that two generations of one execution never collide. */
const newGeneration = (random: () => number): string =>
  Array.from({ length: 16 }, () => Math.floor(random() * 36).toString(36)).join('');

export class ArchiveWriter {
  readonly #options: ArchiveWriterOptions;
  readonly generation: string;
  /**
   * The parts of the current page that are not written yet. The first part is written last, because it lists
   * the starts of the others.
   */
  #parts: Part[];
  #partStarts: number[] = [];
  #pageZero: ArchiveRecord | undefined;
  readonly #written: string[] = [];
  #count = 0;
  #fingerprint: string;
  #committing = false;
  readonly #walk: MessageWalk;
  #first: Message | undefined;
  #last: Message | undefined;

  constructor(options: ArchiveWriterOptions) {
    this.#options = options;
    this.generation = newGeneration(options.random);
    this.#fingerprint = fingerprintAtStart(options.ref);
    this.#walk = options.openWalk(WALK_START);
    this.#parts = [this.#newPart()];
  }

  /** Position 0 of this history. */
  get start(): Position {
    return startOf(this.#options.ref);
  }

  /** How many messages were added so far. */
  get count(): number {
    return this.#count;
  }

  get last(): Message | undefined {
    return this.#last;
  }

  /** Adds the next message. Throws if the store fails. The caller must then call `abandon`. */
  async add(given: Message): Promise<void> {
    // A part stores the state of the walk before its first message. So open a new part before the walk
    // processes this message.
    const bytes = messageBytes(given);
    const open = this.#parts.at(-1);
    if (this.#count > 0 && this.#count % ARCHIVE_PAGE_MESSAGES === 0) await this.#closePage();
    else if (open && open.messages.length > 0 && open.bytes + bytes > PART_BYTES_MAX) await this.#openPart();
    const message = this.#walk.next(given);
    const part = this.#parts.at(-1);
    part?.messages.push(message);
    if (part) part.bytes += bytes;
    this.#first ??= message;
    this.#last = message;
    this.#fingerprint = fingerprintAfter(this.#fingerprint, message);
    this.#count++;
  }

  /** Makes the history visible. No messages can be added afterwards. */
  async commit(
    facts: Pick<ArchiveHead, 'finalAt' | 'from' | 'archivedAt'>,
    description?: Readonly<Record<string, unknown>>,
  ): Promise<ArchiveHead> {
    if (this.#count === 0) throw new RangeError('Cannot archive a history without messages');
    await this.#closePage();
    const { clock, readDescription, ttlSeconds } = this.#options;
    const upstream = upstreamFactsOf(description, readDescription);
    const head: ArchiveHead = {
      v: ARCHIVE_VERSION,
      generation: this.generation,
      count: this.#count,
      status: statusAfter(this.#last?.eventType),
      ...(this.#first?.timestamp !== undefined && { startedAt: this.#first.timestamp }),
      ...(this.#last?.timestamp !== undefined && { endedAt: this.#last.timestamp }),
      ...(ttlSeconds !== undefined && {
        expiresAt: new Date(clock.now() + ttlSeconds * 1000).toISOString(),
      }),
      ...(upstream && { upstream }),
      derived: DERIVED,
      ...facts,
    };
    this.#committing = true;
    const pageZero = this.#pageZero && { ...this.#pageZero, ...(description && { description }) };
    if (pageZero) await this.#put(0, 0, pageZero, head);
    await this.#options.intents?.written(this.generation, true);
    return head;
  }

  /**
   * Deletes the written pages. Failures are ignored, because no reader can see the pages, and the intent
   * causes another deletion later. After a failed `commit` nothing is deleted here: the head might have
   * reached the store, and orphaned pages are safer than a head whose pages are missing.
   */
  async abandon(): Promise<void> {
    const { store, intents } = this.#options;
    const keys = this.#committing ? [] : this.#written;
    const deleted = await Promise.allSettled(keys.map((key) => store.delete(key)));
    const isGone = !this.#committing && deleted.every(({ status }) => status === 'fulfilled');
    await intents?.written(this.generation, isGone);
  }

  #newPart(): Part {
    return {
      start: this.#count,
      fingerprint: this.#fingerprint,
      walk: this.#walk.state,
      messages: [],
      bytes: 0,
    };
  }

  #pageNumber(): number {
    return Math.floor((this.#count - 1) / ARCHIVE_PAGE_MESSAGES);
  }

  async #openPart(): Promise<void> {
    await this.#flushFurtherParts();
    this.#partStarts.push(this.#count);
    this.#parts.push(this.#newPart());
  }

  /** Writes all parts of the page except the first. */
  async #flushFurtherParts(): Promise<void> {
    for (const part of this.#parts.splice(1)) {
      await this.#put(this.#pageNumber(), this.#partStarts.indexOf(part.start) + 1, this.#record(part));
    }
  }

  async #closePage(): Promise<void> {
    const page = this.#pageNumber();
    await this.#flushFurtherParts();
    const [first] = this.#parts;
    if (first) {
      const record = {
        ...this.#record(first),
        ...(this.#partStarts.length > 0 && { parts: this.#partStarts }),
      };
      if (page === 0) this.#pageZero = record;
      else await this.#put(page, 0, record);
    }
    this.#partStarts = [];
    this.#parts = [this.#newPart()];
  }

  #record({ start, fingerprint, walk, messages }: Part): ArchiveRecord {
    const { source, executionId } = this.#options.ref;
    return {
      v: ARCHIVE_VERSION,
      source,
      executionId,
      generation: this.generation,
      start,
      fingerprint,
      messages,
      walk,
    };
  }

  async #put(page: number, part: number, record: ArchiveRecord, metadata?: ArchiveHead): Promise<void> {
    const { ref, store, ttlSeconds } = this.#options;
    const key = partKey(ref, this.generation, page, part);
    if (metadata === undefined) {
      if (this.#written.length === 0) await this.#options.intents?.writing(this.generation);
      this.#written.push(key);
    }
    // Pages expire after the head, so that no reader finds a head whose pages are missing.
    const graceSeconds = metadata ? 0 : PAGES_OUTLIVE_HEAD_SECONDS;
    await store.put(key, encodeRecord(record), {
      ...(metadata && { metadata }),
      ...(ttlSeconds !== undefined && { ttlSeconds: ttlSeconds + graceSeconds }),
    });
  }
}
