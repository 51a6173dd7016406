/**
 * A key-value store that can delete entries even if its disk is full. SQLite, which Deno KV uses, writes to
 * the disk before it deletes. On a full disk deletions would fail, too, and no space could be freed. So some
 * space is kept in reserve. It is released for deletions and for the few writes that must not fail. Right
 * after that, as much as the disk allows is reserved again.
 */
import type { Log } from '../core/log.ts';
import { SerialQueue } from '../core/serial-queue.ts';
import type { KeyValueStore } from './key-value.ts';

export interface SpaceReserve {
  /** Frees the space. */
  release(): Promise<void>;
  /**
   * Reserves as much of the space as the disk allows. Returns true if it could reserve all of it. Never
   * throws.
   */
  restore(): Promise<boolean>;
}

export interface ReservedSpaceOptions {
  readonly store: KeyValueStore;
  readonly reserve: SpaceReserve;
  /** True for keys whose writes may also use the reserve. Such entries must be small and few. */
  readonly isUrgent: (key: string) => boolean;
  readonly log: Log;
}

/** True if the error says that the disk is full, in the words of SQLite or of the operating system. */
const isFull = (error: unknown): boolean => /disk is full|no space left|quota exceeded/i.test(String(error));

export function withReservedSpace({ store, reserve, isUrgent, log }: ReservedSpaceOptions): KeyValueStore {
  const releases = new SerialQueue();
  let isReleased = false;

  const urgently = async (write: () => Promise<void>): Promise<void> => {
    try {
      await write();
      return;
    } catch (error) {
      if (!isFull(error)) throw error;
    }
    await releases.run(async () => {
      log({ event: 'store-full', level: 'error', reason: 'the reserved space is released for deletions' });
      isReleased = true;
      try {
        await reserve.release();
        await write();
      } finally {
        await reserve.restore();
        isReleased = false;
      }
    });
  };

  return {
    get: (key, options) => store.get(key, options),
    getMany: (keys, options) => store.getMany(keys, options),
    list: (options) => store.list(options),
    delete: (key) => urgently(() => store.delete(key)),
    async put(key, value, options) {
      if (isUrgent(key)) return urgently(() => store.put(key, value, options));
      // Other writes must not use the space that was released for deletions.
      if (isReleased) throw new Error('database or disk is full');
      await store.put(key, value, options);
    },
  };
}
