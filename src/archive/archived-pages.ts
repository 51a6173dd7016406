/**
 * Caches encoded pages of archived histories, one cache per isolate. An archived page depends only on the
 * generation of its archive and on the request, so it never changes. The caller checks that the generation is
 * the current one and final.
 *
 * One execution may use only a share of the cache. The number of filtered pages is also limited, because a
 * caller can invent any number of filters.
 */
import { LruMap } from '../core/lru-map.ts';
import { type EncodedPage, encodedPageBytes } from '../messages/encoded-page.ts';

/** About 600 pages of 40 KB. */
export const ARCHIVED_PAGES_BYTES_MAX = 24 * 1024 * 1024;
/**
 * One execution may use a quarter of the cache for pages without a filter, and another quarter for filtered
 * pages.
 */
const EXECUTION_SHARE = 4;
/** How many filtered pages of one execution are cached. A viewer needs only a handful of filters. */
export const FILTERED_PAGES_MAX = 64;

/** Everything that an archived page depends on, besides the generation. */
export interface ArchivedPageKey {
  /** The start, the maximum number of messages, and the level of access. */
  readonly page: string;
  /** Empty without a filter. */
  readonly filter: string;
}

interface ExecutionPages {
  readonly whole: LruMap<string, EncodedPage>;
  readonly filtered: LruMap<string, EncodedPage>;
}

export class ArchivedPages {
  readonly #executions: LruMap<string, ExecutionPages>;
  readonly #share: number;

  constructor(bytesMax = ARCHIVED_PAGES_BYTES_MAX) {
    this.#share = Math.floor(bytesMax / EXECUTION_SHARE);
    this.#executions = new LruMap({
      maxSize: bytesMax,
      sizeOf: ({ whole, filtered }) => whole.size + filtered.size + 512,
    });
  }

  get(generation: string, { page, filter }: ArchivedPageKey): EncodedPage | undefined {
    const pages = this.#executions.get(generation);
    return filter === '' ? pages?.whole.get(page) : pages?.filtered.get(`${page}?${filter}`);
  }

  set(generation: string, { page, filter }: ArchivedPageKey, encoded: EncodedPage): void {
    const pages = this.#executions.get(generation) ?? this.#newExecution();
    if (filter === '') pages.whole.set(page, encoded);
    else pages.filtered.set(`${page}?${filter}`, encoded);
    // Set again, so that the cache notices the new size.
    this.#executions.set(generation, pages);
  }

  #newExecution(): ExecutionPages {
    const bounds = { maxSize: this.#share, sizeOf: encodedPageBytes };
    return { whole: new LruMap(bounds), filtered: new LruMap({ ...bounds, max: FILTERED_PAGES_MAX }) };
  }
}
