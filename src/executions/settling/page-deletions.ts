/**
 * Plans the deletion of archived pages, by generation of the archive. A plan is made when a generation is
 * replaced. Before a new generation is written, its deletion is planned, too, and cancelled when it becomes
 * visible. The plans are in storage, so that a crash leaves no pages behind. A generation that is visible
 * when its deletion is due is kept.
 */
import * as z from 'zod/mini';

import type { Archive } from '../../archive/archive.ts';
import type { PageIntents } from '../../archive/archive-writer.ts';
import type { Clock } from '../../core/clock.ts';
import { type ExecutionRef, logNames } from '../../core/execution-ref.ts';
import type { Log } from '../../core/log.ts';
import type { ExecutionStorage } from '../execution-storage.ts';
import { createStoreBackoff } from './store-backoff.ts';

/**
 * How long replaced pages stay readable. Isolates might still use the old head: for 5 min from memory, and
 * for 60 s from KV's cache.
 */
export const REPLACED_PAGES_KEPT_MS = 10 * 60_000;
/** The prefix of the keys. Older versions stored a single plan under the key `replaced` itself. */
const PREFIX = 'replaced';

/** True for the key of a plan. On Deno, plans are stored durably, unlike most of an Execution's storage. */
export const isDeletionKey = (key: string): boolean => key.startsWith(`${PREFIX}/`);

const deletionSchema = z.object({ generation: z.string(), dropAtMs: z.number() });

export interface PageDeletionsOptions {
  readonly ref: ExecutionRef;
  readonly archive: Archive;
  readonly storage: ExecutionStorage;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when `dueAtMs` may have become earlier. */
  readonly onDueChanged: () => void;
}

export class PageDeletions implements PageIntents {
  readonly #options: PageDeletionsOptions;
  /** When each generation's deletion is due, in clock milliseconds. */
  readonly #due = new Map<string, number>();
  readonly #writing = new Set<string>();
  readonly #backoff = createStoreBackoff();

  constructor(options: PageDeletionsOptions) {
    this.#options = options;
  }

  /** Loads the stored plans. Throws if the storage throws. */
  async load(): Promise<void> {
    for (const value of (await this.#options.storage.list(PREFIX)).values()) {
      const stored = z.safeParse(deletionSchema, value);
      if (stored.success) this.#due.set(stored.data.generation, stored.data.dropAtMs);
    }
  }

  /** When the next deletion is due, in clock milliseconds. */
  dueAtMs(): number {
    return Math.min(Infinity, ...this.#due.values());
  }

  /**
   * Plans the deletion of a generation. Throws if the plan cannot be stored. The caller must then neither
   * write nor replace pages of the generation.
   */
  async plan(generation: string): Promise<void> {
    const { storage, clock, onDueChanged } = this.#options;
    const dropAtMs = clock.now() + REPLACED_PAGES_KEPT_MS;
    await storage.put(`${PREFIX}/${generation}`, { generation, dropAtMs });
    this.#due.set(generation, dropAtMs);
    onDueChanged();
  }

  async writing(generation: string): Promise<void> {
    this.#writing.add(generation);
    await this.plan(generation);
  }

  async written(generation: string, done: boolean): Promise<void> {
    this.#writing.delete(generation);
    if (!done || !this.#due.has(generation)) return;
    try {
      await this.#cancel(generation);
    } catch (error) {
      // The plan stays. When it is due, `#drop` checks whether the generation is visible.
      this.#logFailure(error);
    }
  }

  /**
   * Returns the deletion that is due. Run it while nothing else writes the archive. The deletion never
   * throws.
   */
  takeDue(): () => Promise<void> {
    const now = this.#options.clock.now();
    const due = [...this.#due].filter(([, dropAtMs]) => dropAtMs <= now).map(([generation]) => generation);
    // No further deletion is due until this one has run.
    for (const generation of due) this.#due.set(generation, Infinity);
    return () => this.#drop(due);
  }

  async #drop(due: readonly string[]): Promise<void> {
    const { archive, ref, clock, onDueChanged } = this.#options;
    try {
      const visible = due.length > 0 ? await archive.visibleHead(ref) : undefined;
      for (const generation of due) {
        if (this.#writing.has(generation)) {
          this.#due.set(generation, clock.now() + REPLACED_PAGES_KEPT_MS);
          continue;
        }
        if (generation !== visible?.generation) await archive.dropPages(ref, generation);
        await this.#cancel(generation);
      }
      this.#backoff.reset();
    } catch (error) {
      this.#logFailure(error);
      const againAtMs = clock.now() + this.#backoff.failed();
      for (const generation of due)
        if (this.#due.get(generation) === Infinity) this.#due.set(generation, againAtMs);
    }
    onDueChanged();
  }

  async #cancel(generation: string): Promise<void> {
    await this.#options.storage.delete([`${PREFIX}/${generation}`, PREFIX]);
    this.#due.delete(generation);
  }

  #logFailure(error: unknown): void {
    const { log, ref } = this.#options;
    log({ event: 'archive-pages-not-deleted', level: 'error', ...logNames(ref), reason: String(error) });
  }
}
