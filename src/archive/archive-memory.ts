/**
 * The cache in front of the store, one per isolate. It shares values between requests, never promises: on Workers a promise belongs
 * to the request that made it.
 */
import { LRUCache } from 'lru-cache';

import type { Clock } from '../core/clock.ts';
import type { Chunk } from '../messages/history.ts';
import { messageBytes } from '../messages/message.ts';
import type { ArchiveHead } from './archive-head.ts';

export const ARCHIVE_BYTES_MAX = 16 * 1024 * 1024;
/** A replaced or deleted archive shows everywhere after this long, plus the store's own delay. */
export const ARCHIVE_MEMORY_MS = 5 * 60_000;
/** A miss is cached for this long: the archive may be written at any moment. */
export const MISS_MEMORY_MS = 10_000;
/** Heads are a few hundred bytes each. */
const HEADS_MAX = 5_000;

/** A chunk; for a page's first part, also where its other parts start. */
export interface StoredPart {
  readonly chunk: Chunk;
  readonly parts: readonly number[];
}

export interface ArchiveMemory {
  readonly parts: LRUCache<string, StoredPart>;
  readonly heads: LRUCache<string, { head: ArchiveHead | undefined }>;
}

export function createArchiveMemory(clock: Clock, bytesMax = ARCHIVE_BYTES_MAX): ArchiveMemory {
  const perf = { now: () => clock.now() };
  return {
    parts: new LRUCache({
      maxSize: bytesMax,
      sizeCalculation: ({ chunk }) =>
        chunk.messages.reduce((sum, message) => sum + messageBytes(message) + 40, 256),
      ttl: ARCHIVE_MEMORY_MS,
      ttlResolution: 0,
      perf,
    }),
    heads: new LRUCache({ max: HEADS_MAX, ttl: ARCHIVE_MEMORY_MS, ttlResolution: 0, perf }),
  };
}
