/**
 * Generations of an execution's archive whose pages are to be deleted, and when: those that another
 * generation has replaced, and those that are being written, until they are visible. They are in storage, so
 * that a restart or a crash leaks none. A generation that readers can see when its time comes is kept.
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
 * How long replaced pages stay readable for isolates that remember their head: 5 min in memory, 60 s in KV's
 * cache.
 */
export const REPLACED_PAGES_KEPT_MS = 10 * 60_000;
/** The beginning of the keys. Older versions stored one generation under this word alone. */
const PREFIX = 'replaced';

/** Small, and worth a write of its own: on Deno all else in an Execution's storage may be lost. */
export const isDeletionKey = (key: string): boolean => key.startsWith(`${PREFIX}/`);

const deletionSchema = z.object({ generation: z.string(), dropAtMs: z.number() });

export interface PageDeletionsOptions {
  readonly ref: ExecutionRef;
  readonly archive: Archive;
  readonly storage: ExecutionStorage;
  readonly clock: Clock;
  readonly log: Log;
  /** `dueAtMs` may be earlier now. */
  readonly onDueChanged: () => void;
}

export class PageDeletions implements PageIntents {
  readonly #options: PageDeletionsOptions;
  /** In clock milliseconds, by generation. */
  readonly #due = new Map<string, number>();
  readonly #writing = new Set<string>();
  readonly #backoff = createStoreBackoff();

  constructor(options: PageDeletionsOptions) {
    this.#options = options;
  }

  /** Throws what the storage throws. */
  async load(): Promise<void> {
    for (const value of (await this.#options.storage.list(PREFIX)).values()) {
      const stored = z.safeParse(deletionSchema, value);
      if (stored.success) this.#due.set(stored.data.generation, stored.data.dropAtMs);
    }
  }

  /** In clock milliseconds. */
  dueAtMs(): number {
    return Math.min(Infinity, ...this.#due.values());
  }

  /** Throws if the plan cannot be stored. Then no page of the generation may be written or replaced. */
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
      // It is checked again when its time comes.
      this.#logFailure(error);
    }
  }

  /** The deletion of what is due, to be run when nothing else writes the archive. Never throws. */
  takeDue(): () => Promise<void> {
    const now = this.#options.clock.now();
    const due = [...this.#due].filter(([, dropAtMs]) => dropAtMs <= now).map(([generation]) => generation);
    // Not due again until the deletion has run.
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
