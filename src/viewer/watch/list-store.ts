/**
 * The state of a list of executions, without any framework. The live list delivers the newest executions. Each replaces
 * the earlier version of the same execution. Older executions are read page by page when the reader asks for them. The
 * store follows the live list while it has subscribers and the page is visible.
 */
import { FlowtapConnectionError, FlowtapProblem } from '../../client/client.ts';
import { type PageVisibility, documentVisibility, untilVisible } from '../store/page-visibility.ts';
import type { ListPart, ListQuery, ListSource, ListedExecution } from './list-source.ts';

/**
 * What the store is doing:
 *
 * - `loading`: nothing has been received yet.
 * - `live`: changes arrive as they happen.
 * - `reconnecting`: the connection was lost and is being opened again.
 * - `throttled`, `unavailable`: the connection is open, but the service cannot read the upstream at the moment.
 * - `paused`: the tab is hidden.
 * - `refused`: the service has refused the list, so nothing more is read.
 */
export type ListPhase =
  'loading' | 'live' | 'reconnecting' | 'throttled' | 'unavailable' | 'paused' | 'refused';

export interface ListSnapshot {
  readonly phase: ListPhase;
  /** Newest start first. */
  readonly executions: readonly ListedExecution[];
  /** True if older executions might exist. `readOlder` reads them. */
  readonly hasOlder: boolean;
  readonly isReadingOlder: boolean;
  /** How far back the list was searched: all executions that started after this time are shown. */
  readonly searchedBackTo: string | undefined;
  /** True if a part of the list is missing, because the upstream or the archive could not be read. */
  readonly isPartial: boolean;
  readonly error: Error | undefined;
}

const EMPTY: ListSnapshot = {
  phase: 'loading',
  executions: [],
  hasOlder: false,
  isReadingOlder: false,
  searchedBackTo: undefined,
  isPartial: false,
  error: undefined,
};

/** `readOlder` ends when it has found OLDER_MIN executions or read OLDER_PARTS_MAX answers. */
const OLDER_MIN = 25;
const OLDER_PARTS_MAX = 8;

export class ListStore {
  readonly #source: ListSource;
  readonly #query: ListQuery;
  readonly #visibility: PageVisibility;
  readonly #listeners = new Set<() => void>();
  readonly #byId = new Map<string, ListedExecution>();
  #snapshot = EMPTY;
  #running: AbortController | undefined;
  #parts: AsyncIterator<ListPart, unknown, void> | undefined;
  #reading = new AbortController();

  constructor(source: ListSource, query: ListQuery, visibility: PageVisibility = documentVisibility) {
    this.#source = source;
    this.#query = query;
    this.#visibility = visibility;
  }

  readonly getSnapshot = (): ListSnapshot => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (!this.#running) {
      this.#running = new AbortController();
      this.#reading = new AbortController();
      void this.#follow(this.#running.signal);
      if (this.#parts === undefined) void this.readOlder();
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#running?.abort();
      this.#running = undefined;
      this.stopReadingOlder();
    };
  };

  /** Never rejects. */
  async readOlder(): Promise<void> {
    if (this.#snapshot.isReadingOlder) return;
    const { signal } = this.#reading;
    this.#change({ isReadingOlder: true, error: undefined });
    try {
      // The list is read from its start again, so parts that were missing might be found now.
      if (this.#parts === undefined) this.#change({ isPartial: false });
      const parts = (this.#parts ??= this.#source.parts(this.#query, signal));
      const before = this.#byId.size;
      for (let read = 0; read < OLDER_PARTS_MAX && this.#byId.size < before + OLDER_MIN; read++) {
        const next = await parts.next();
        signal.throwIfAborted();
        if (next.done === true) break;
        this.#addPart(next.value);
        if (next.value.isLast) break;
      }
    } catch (error) {
      // An iterator cannot continue after an error, so the next call reads from the start again.
      this.#parts = undefined;
      if (!signal.aborted) this.#fail(error);
    } finally {
      this.#change({ isReadingOlder: false });
    }
  }

  stopReadingOlder(): void {
    this.#reading.abort();
    this.#reading = new AbortController();
    this.#parts = undefined;
  }

  #addPart({ executions, partial, searchedBackTo, isLast }: ListPart): void {
    // Keep items of the live list, because they are newer.
    for (const execution of executions)
      if (!this.#byId.has(execution.flowExecutionId)) this.#byId.set(execution.flowExecutionId, execution);
    // Executions that were missing from an earlier part are still missing.
    const isPartial = this.#snapshot.isPartial || partial;
    this.#change({ hasOlder: !isLast, isPartial, searchedBackTo, executions: this.#sorted() });
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const visibility = this.#visibility;
    while (!signal.aborted) {
      if (visibility.isHidden()) {
        this.#change({ phase: 'paused' });
        await untilVisible(visibility, signal);
        continue;
      }
      const shown = new AbortController();
      const stopListening = visibility.onChange(() => {
        if (visibility.isHidden()) shown.abort();
      });
      try {
        await this.#followWhileShown(AbortSignal.any([signal, shown.signal]));
      } catch (error) {
        if (signal.aborted) return;
        if (!shown.signal.aborted) {
          this.#fail(error);
          return;
        }
      } finally {
        stopListening();
      }
    }
  }

  async #followWhileShown(signal: AbortSignal): Promise<void> {
    for await (const event of this.#source.follow(this.#query, signal)) {
      switch (event.type) {
        case 'execution':
          this.#put(event.execution);
          break;
        case 'caught-up':
          this.#change({ phase: 'live', error: undefined });
          break;
        case 'heartbeat':
          this.#onUpstream(event.upstream);
          break;
        case 'reconnecting':
          if (event.error) this.#change({ phase: 'reconnecting', error: event.error });
      }
    }
    signal.throwIfAborted();
  }

  #onUpstream(upstream: string): void {
    const phase = upstream === 'throttled' || upstream === 'unavailable' ? upstream : 'live';
    this.#change({ phase, error: undefined });
  }

  /** The live list sends an execution once more when its status no longer matches. The execution is removed then. */
  #put(execution: ListedExecution): void {
    const { flowExecutionId: id, status } = execution;
    const isWanted = this.#query.statuses?.includes(status) ?? true;
    if (isWanted) this.#byId.set(id, execution);
    else if (!this.#byId.delete(id)) return;
    this.#change({ executions: this.#sorted() });
  }

  #fail(error: unknown): void {
    const shown = error instanceof Error ? error : new FlowtapConnectionError(String(error));
    const isRefused = shown instanceof FlowtapProblem;
    this.#change({ error: shown, ...(isRefused && { phase: 'refused' as const }) });
  }

  #sorted(): readonly ListedExecution[] {
    return [...this.#byId.values()].toSorted(newestFirst);
  }

  #change(changes: Partial<ListSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...changes };
    for (const listener of this.#listeners) listener();
  }
}

/**
 * Executions without a start time come last. Executions with the same start time are ordered by id, so that rows do
 * not jump.
 */
function newestFirst(one: ListedExecution, other: ListedExecution): number {
  const [a, b] = [one.startedAt ?? '', other.startedAt ?? ''];
  if (a !== b) return a > b ? -1 : 1;
  return one.flowExecutionId > other.flowExecutionId ? -1 : 1;
}
