/**
 * Caches the newest archived executions of a flow, which each poll of a live list needs. A result is used for
 * FACTS_FRESH_MS, so a live list can show with that delay that an execution was archived.
 */
import type { IndexGroup, IndexedExecution } from '../archive/index-record.ts';
import type { Clock } from '../core/clock.ts';
import { LruMap } from '../core/lru-map.ts';
import type { ArchiveIndex } from './archived-part.ts';

/** Polls reuse a result for this long, so they rarely list the store. */
export const FACTS_FRESH_MS = 15_000;
/**
 * An execution is remembered for this long if later reads do not return it, because the store fails or lags.
 */
const FACTS_MS_MAX = 60_000;
/** How many executions one read returns: as many as the upstream's newest page. */
const FACTS_PAGE = 1_000;
const FACTS_MAX = 2_000;

export interface ArchivedFactsOptions {
  readonly index: ArchiveIndex;
  readonly group: IndexGroup;
  readonly clock: Clock;
}

/** The newest archived executions. If older ones exist, `next` is present, as in `IndexPage`. */
export interface NewestArchived {
  readonly executions: readonly IndexedExecution[];
  readonly next?: string;
}

export class ArchivedFacts {
  readonly #options: ArchivedFactsOptions;
  readonly #byId: LruMap<string, IndexedExecution>;
  #newest: (NewestArchived & { readonly readAtMs: number }) | undefined;

  constructor(options: ArchivedFactsOptions) {
    this.#options = options;
    const { clock } = options;
    this.#byId = new LruMap({ max: FACTS_MAX, maxAgeMs: FACTS_MS_MAX, now: () => clock.now() });
  }

  readonly note = (executions: readonly IndexedExecution[]): void => {
    for (const execution of executions) this.#byId.set(execution.executionId, execution);
  };

  of(executionId: string): IndexedExecution | undefined {
    return this.#byId.peek(executionId);
  }

  /**
   * Returns the newest archived executions, at most FACTS_FRESH_MS old. If the store fails, returns the
   * result of the last successful read.
   */
  async newest(): Promise<NewestArchived> {
    const { index, group, clock } = this.#options;
    const now = clock.now();
    if (this.#newest && now - this.#newest.readAtMs < FACTS_FRESH_MS) return this.#newest;
    const page = await index.page(group, { limit: FACTS_PAGE });
    if (page.ok) {
      this.note(page.value.executions);
      this.#newest = { ...page.value, readAtMs: now };
    }
    return this.#newest ?? { executions: [] };
  }
}
