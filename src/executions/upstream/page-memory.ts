/**
 * Caches recently read upstream pages for all Executions of this isolate. Durable Objects of one class share
 * their isolate's 128 MB, so they also share this cache. An evicted page is read again when a request needs
 * it.
 */
import { LruMap } from '../../core/lru-map.ts';
import { type Chunk, chunkBytes } from '../../messages/history.ts';

/**
 * The rest of the 128 MB is for the archive's memory (32 MiB), hundreds of full queues of 64 KiB, and the
 * code.
 */
export const UPSTREAM_PAGES_BYTES_MAX = 24 * 1024 * 1024;

export interface UpstreamChunk extends Chunk {
  /** When the call that read these messages began, in clock milliseconds. */
  readonly readAtMs: number;
  /**
   * When a read last agreed with these messages. Later than `readAtMs` if a lagging read has since returned
   * only some of these messages.
   */
  readonly confirmedAtMs: number;
}

export type PageMemory = LruMap<string, UpstreamChunk>;

export const createPageMemory = (bytesMax = UPSTREAM_PAGES_BYTES_MAX): PageMemory =>
  new LruMap<string, UpstreamChunk>({ maxSize: bytesMax, sizeOf: chunkBytes });
