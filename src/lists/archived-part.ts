/**
 * Reads the archived executions of a list after a given position, page by page from the index, for one
 * request.
 */
import type { ExecutionIndex } from '../archive/execution-index.ts';
import type { IndexGroup, IndexedExecution } from '../archive/index-record.ts';
import type { Clock } from '../core/clock.ts';
import { type ArchivedEntry, archivedEntryOf } from './list-entry.ts';
import type { Next, PartRange } from './list-part.ts';

/** The index of the archive, as lists need it. */
export interface ArchiveIndex extends Pick<ExecutionIndex, 'page' | 'flows'> {
  /**
   * Whether the index has all archived executions. False while older archives are still being indexed
   * (archive/index-build.ts).
   */
  isComplete(): Promise<boolean>;
}

/**
 * One request reads at most this many pages of the index. Most filters match either many archives of a flow
 * or none, so more pages would rarely help.
 */
export const INDEX_PAGES_MAX = 5;
/** The first page is small, because a list of 50 rarely needs more. */
const FIRST_PAGE = 100;
const LATER_PAGES = 1_000;

export interface ArchivedPartOptions extends PartRange {
  readonly index: ArchiveIndex;
  readonly group: IndexGroup;
  readonly clock: Clock;
  readonly onRead?: (executions: readonly IndexedExecution[]) => void;
}

export class ArchivedPart {
  readonly #options: ArchivedPartOptions;
  /** Entries that were read but not yet taken, in reverse order, so that `pop` takes the next one. */
  #ready: ArchivedEntry[] = [];
  #knownTo: string;
  #hasEnded = false;
  #pagesRead = 0;
  #missing = false;

  constructor(options: ArchivedPartOptions) {
    this.#options = options;
    this.#knownTo = options.after;
  }

  /** True if the archive could not be read. */
  get missing(): boolean {
    return this.#missing;
  }

  get mayHaveMore(): boolean {
    return this.#ready.length > 0 || !this.#hasEnded;
  }

  take(): void {
    this.#ready.pop();
  }

  async peek(): Promise<Next<ArchivedEntry>> {
    const { untilMs, clock } = this.#options;
    for (;;) {
      const entry = this.#ready.at(-1);
      if (entry) return { at: 'entry', entry };
      if (this.#hasEnded) return { at: 'end' };
      if (this.#pagesRead >= INDEX_PAGES_MAX || (this.#pagesRead > 0 && clock.now() >= untilMs))
        return { at: 'unread', position: this.#knownTo };
      await this.#read();
    }
  }

  async #read(): Promise<void> {
    const { index, group, startedAfterMs, onRead } = this.#options;
    const limit = this.#pagesRead === 0 ? FIRST_PAGE : LATER_PAGES;
    const page = await index.page(group, { after: this.#knownTo, limit });
    this.#pagesRead++;
    if (!page.ok) {
      this.#missing = this.#hasEnded = true;
      return;
    }
    const { executions, next } = page.value;
    onRead?.(executions);
    const isWanted = ({ startedAt }: { readonly startedAt?: string }) =>
      startedAfterMs === undefined || Date.parse(startedAt ?? '') >= startedAfterMs;
    this.#ready = executions.filter(isWanted).map(archivedEntryOf).toReversed();
    const last = executions.at(-1);
    if (next === undefined || (last && !isWanted(last))) this.#hasEnded = true;
    else this.#knownTo = next;
  }
}
