/**
 * Recently read upstream pages of all Executions of this isolate: Durable Objects of one class share their
 * isolate's 128 MB, so they must share the budget too. An evicted page is read again when a request needs it.
 */
import { LruMap } from '../../core/lru-map.ts';
import { type Chunk, chunkBytes } from '../../messages/history.ts';

/**
 * Leaves room in 128 MB for the archive's memory (32 MiB), hundreds of full queues of 64 KiB, and the code.
 */
export const UPSTREAM_PAGES_BYTES_MAX = 24 * 1024 * 1024;

export interface UpstreamChunk extends Chunk {
  /** When the call that read these messages began, in clock milliseconds. */
  readonly readAtMs: number;
  /** When the source last confirmed them: later than `readAtMs` if a lagging read returned fewer. */
  readonly confirmedAtMs: number;
}

export type PageMemory = LruMap<string, UpstreamChunk>;

export const createPageMemory = (bytesMax = UPSTREAM_PAGES_BYTES_MAX): PageMemory =>
  new LruMap<string, UpstreamChunk>({ maxSize: bytesMax, sizeOf: chunkBytes });
