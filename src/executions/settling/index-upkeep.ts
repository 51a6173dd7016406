/**
 * Keeps the index consistent with the archive of one execution. Before the archive changes, a note in storage
 * lists the index entries that might become outdated. The note is deleted when the index is consistent again.
 * As long as the note exists, the index is repaired, even after a crash.
 */
import * as z from 'zod/mini';

import type { ArchiveHead } from '../../archive/archive-head.ts';
import type { Archive } from '../../archive/archive.ts';
import { indexEntryOf } from '../../archive/index-record.ts';
import type { Clock } from '../../core/clock.ts';
import { faultText } from '../../core/exception-text.ts';
import { type ExecutionRef, logNames } from '../../core/execution-ref.ts';
import type { Log } from '../../core/log.ts';
import type { ExecutionStorage } from '../execution-storage.ts';
import { createStoreBackoff } from './store-backoff.ts';

/**
 * How long to wait for the new head after a crash. If it is not visible after this time, it was never
 * written. Workers KV can take a minute to show a head.
 */
export const HEAD_VISIBLE_MS = 70_000;
const KEY = 'unindexed';

/** True for the key of the note. On Deno, the note is stored durably, so that it outlives the process. */
export const isIndexNote = (key: string): boolean => key === KEY;

const noteSchema = z.object({
  /** The generation that is becoming visible. Absent if the archive is being deleted. */
  generation: z.optional(z.string()),
  /** Keys of index entries that the change might make outdated. */
  keys: z.array(z.string()),
  untilMs: z.number(),
});

type Note = z.infer<typeof noteSchema>;

export interface IndexUpkeepOptions {
  readonly ref: ExecutionRef;
  readonly archive: Archive;
  readonly storage: ExecutionStorage;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when `dueAtMs` may have become earlier. */
  readonly onDueChanged: () => void;
}

export class IndexUpkeep {
  readonly #options: IndexUpkeepOptions;
  #note: Note | undefined;
  #dueAtMs = Infinity;
  readonly #backoff = createStoreBackoff();

  constructor(options: IndexUpkeepOptions) {
    this.#options = options;
  }

  /** Loads the stored note. Throws if the storage throws. */
  async load(): Promise<void> {
    this.#note = z.safeParse(noteSchema, await this.#options.storage.get(KEY)).data;
    if (this.#note) this.#dueAtMs = this.#options.clock.now();
  }

  /** When the next repair is due, in clock milliseconds. */
  dueAtMs(): number {
    return this.#dueAtMs;
  }

  /**
   * Creates the note. Call it before a new generation becomes visible, or without `generation` before the
   * archive is deleted. `old` is the head that is visible now. Then call `keep` to store the note, so that
   * the index is repaired after a crash. Throws if the store fails.
   */
  async plan(generation: string | undefined, old: ArchiveHead | undefined): Promise<void> {
    const { ref, archive, clock } = this.#options;
    const oldKey = old && indexEntryOf(ref, await archive.completeHead(ref, old)).key;
    const keys = [...new Set([...(this.#note?.keys ?? []), ...(oldKey === undefined ? [] : [oldKey])])];
    const untilMs = clock.now() + HEAD_VISIBLE_MS;
    this.#note = { ...(generation !== undefined && { generation }), keys, untilMs };
    this.#dueAtMs = untilMs;
  }

  /** Stores the note. Throws if the store fails. */
  async keep(): Promise<void> {
    const { storage, onDueChanged } = this.#options;
    await storage.put(KEY, this.#note);
    onDueChanged();
  }

  /**
   * Updates the index and deletes the note. Call it after the change. `head` is the one that is visible now,
   * or undefined if the archive is deleted. If the store fails, throws, and a repair is due later.
   */
  async settle(head: ArchiveHead | undefined, entry: 'written' | 'kept' = 'written'): Promise<void> {
    const { ref, archive, storage, onDueChanged } = this.#options;
    if (!this.#note) return;
    try {
      const current = head && indexEntryOf(ref, head).key;
      const isKept = entry === 'kept' && current !== undefined && (await archive.index.has(current));
      if (head && !isKept) await archive.index.put(ref, head);
      for (const key of this.#note.keys) if (key !== current) await archive.index.remove(ref, key);
      await storage.delete([KEY]);
      this.#note = undefined;
      this.#dueAtMs = Infinity;
      this.#backoff.reset();
    } catch (error) {
      this.#retryLater();
      throw error;
    } finally {
      onDueChanged();
    }
  }

  /**
   * Returns the repair that is due. Run it while nothing else writes the archive. The repair never throws.
   */
  takeDue(): () => Promise<void> {
    // No further repair is due until this one has run.
    this.#dueAtMs = Infinity;
    return async () => {
      try {
        await this.#repair();
      } catch (error) {
        if (this.#dueAtMs === Infinity) this.#retryLater();
        const { log, ref, onDueChanged } = this.#options;
        log({ event: 'index-not-written', level: 'error', ...logNames(ref), reason: faultText(error) });
        onDueChanged();
      }
    };
  }

  async #repair(): Promise<void> {
    const { ref, archive, clock, onDueChanged } = this.#options;
    const note = this.#note;
    if (!note) return;
    const visible = await archive.visibleHead(ref);
    if (visible?.generation === note.generation) return this.settle(visible);
    if (clock.now() < note.untilMs) {
      this.#dueAtMs = note.untilMs;
      onDueChanged();
    } else {
      // The change was never made. If the index has the entry of the visible head, keep it. A head that an
      // older version of Flowtap wrote lacks `expiresAt`, so an entry rewritten from it would never expire.
      const head = visible && (await archive.completeHead(ref, visible));
      await this.settle(head, 'kept');
    }
  }

  #retryLater(): void {
    this.#dueAtMs = this.#options.clock.now() + this.#backoff.failed();
  }
}
