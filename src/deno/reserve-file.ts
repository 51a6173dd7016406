/** Reserves disk space on Deno (storage/reserved-space.ts) with a file beside the store. */
import type { SpaceReserve } from '../storage/reserved-space.ts';

/**
 * SQLite's write-ahead log grows to about 4 MiB before it is copied into the database, which can grow by as
 * much. Measured on a full disk: with 1 MiB a second deletion failed, with 8 MiB all deletions succeeded.
 */
export const RESERVE_BYTES = 8 * 1024 * 1024;
const BLOCK_BYTES = 64 * 1024;

export const createReserveFile = (path: string): SpaceReserve => ({
  async release() {
    const file = await Deno.open(path, { create: true, write: true, truncate: true });
    file.close();
  },
  async restore() {
    try {
      using file = await Deno.open(path, { create: true, append: true });
      // Random bytes, which a file system cannot compress.
      const block = crypto.getRandomValues(new Uint8Array(BLOCK_BYTES));
      for (let { size } = await file.stat(); size < RESERVE_BYTES;) size += await file.write(block);
      return true;
    } catch {
      return false;
    }
  },
});
