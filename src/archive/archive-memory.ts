/**
 * The cache in front of the store, one per isolate. It shares values between requests, never promises: on
 * Workers a promise belongs to the request that created it.
 */
import { LruMap } from '../core/lru-map.ts';
import type { Clock } from '../core/clock.ts';
import { type Chunk, chunkBytes } from '../messages/history.ts';
import type { ArchiveHead } from './archive-head.ts';
import { ArchivedPages } from './archived-pages.ts';

/**
 * The size of the cache of parsed parts. Small, because encoded pages have their own cache
 * (archived-pages.ts).
 */
export const ARCHIVE_BYTES_MAX = 8 * 1024 * 1024;
/**
 * How long heads and parts are cached. A replacement or deletion is visible everywhere after this time plus
 * the store's own delay.
 */
export const ARCHIVE_MEMORY_MS = 5 * 60_000;
/** How long a miss is cached. Short, because the archive might be written at any moment. */
export const MISS_MEMORY_MS = 10_000;
/** Heads are a few hundred bytes each. */
const HEADS_MAX = 5_000;

/**
 * A parsed part. In a page's first part, `parts` has the positions at which the page's other parts start. In
 * other parts it is empty.
 */
export interface StoredPart {
  readonly chunk: Chunk;
  readonly parts: readonly number[];
  /** The source's description of the execution. Only in page 0. */
  readonly description?: Readonly<Record<string, unknown>>;
}

export interface ArchiveMemory {
  readonly parts: LruMap<string, StoredPart>;
  /** `unread`: the store could not be read, so it is unknown whether the history is archived. */
  readonly heads: LruMap<string, { head: ArchiveHead | undefined; unread?: true }>;
  readonly pages: ArchivedPages;
}

export function createArchiveMemory(clock: Clock, bytesMax = ARCHIVE_BYTES_MAX): ArchiveMemory {
  const now = () => clock.now();
  return {
    parts: new LruMap({
      maxSize: bytesMax,
      sizeOf: ({ chunk }) => chunkBytes(chunk),
      maxAgeMs: ARCHIVE_MEMORY_MS,
      now,
    }),
    heads: new LruMap({ max: HEADS_MAX, maxAgeMs: ARCHIVE_MEMORY_MS, now }),
    pages: new ArchivedPages(),
  };
}
