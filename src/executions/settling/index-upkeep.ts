/**
 * Keeps the index consistent with the archive of one execution. Before the archive changes, it notes in
 * storage which entries the index may have. The note is deleted when the index is consistent again; until
 * then the index is repaired, also after a crash.
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
 * If a head is not visible this long after a crash, it was not written. Workers KV may take a minute to show
 * it.
 */
export const HEAD_VISIBLE_MS = 70_000;
const KEY = 'unindexed';

/** On Deno, the note outlives the process. */
export const isIndexNote = (key: string): boolean => key === KEY;

const noteSchema = z.object({
  /** The generation that is being made visible. Absent: the archive is being deleted. */
  generation: z.optional(z.string()),
  /** Keys of entries that may be outdated by the change. */
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
  /** `dueAtMs` may be earlier now. */
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

  /** Throws what the storage throws. */
  async load(): Promise<void> {
    this.#note = z.safeParse(noteSchema, await this.#options.storage.get(KEY)).data;
    if (this.#note) this.#dueAtMs = this.#options.clock.now();
  }

  /** In clock milliseconds. */
  dueAtMs(): number {
    return this.#dueAtMs;
  }

  /**
   * Before an archive becomes visible (`generation`), or is deleted. `old`: the visible one. Throws when the
   * store fails. After it, `keep` stores the note, without which a crash would leave the index outdated.
   */
  async plan(generation: string | undefined, old: ArchiveHead | undefined): Promise<void> {
    const { ref, archive, clock } = this.#options;
    const oldKey = old && indexEntryOf(ref, await archive.completeHead(ref, old)).key;
    const keys = [...new Set([...(this.#note?.keys ?? []), ...(oldKey === undefined ? [] : [oldKey])])];
    const untilMs = clock.now() + HEAD_VISIBLE_MS;
    this.#note = { ...(generation !== undefined && { generation }), keys, untilMs };
    this.#dueAtMs = untilMs;
  }

  /** Throws if the note cannot be stored. */
  async keep(): Promise<void> {
    const { storage, onDueChanged } = this.#options;
    await storage.put(KEY, this.#note);
    onDueChanged();
  }

  /**
   * After the change: `head` is visible, or the archive is deleted. Throws when the store fails; it is
   * retried later.
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

  /** Does the repair that is due. Run it when nothing else writes the archive. Never throws. */
  takeDue(): () => Promise<void> {
    // Not due again until the repair has run.
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
      // The archive was not changed. Keep an entry that exists: it has the head's expiry, which heads of
      // older versions do not contain.
      const head = visible && (await archive.completeHead(ref, visible));
      await this.settle(head, 'kept');
    }
  }

  #retryLater(): void {
    this.#dueAtMs = this.#options.clock.now() + this.#backoff.failed();
  }
}
