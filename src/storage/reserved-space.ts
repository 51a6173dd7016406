/**
 * A key-value store that can delete even when its disk is full. SQLite, and so Deno KV, writes before it
 * deletes. On a full disk both would fail, and no space could be freed. So some space is kept in reserve. It
 * is released for deletions and for the few writes that must not fail, and reserved again right after them,
 * as far as the disk allows.
 */
import type { Log } from '../core/log.ts';
import { SerialQueue } from '../core/serial-queue.ts';
import type { KeyValueStore } from './key-value.ts';

export interface SpaceReserve {
  /** Frees the space. */
  release(): Promise<void>;
  /** Reserves as much of it as the disk allows. Returns whether that was all. Never throws. */
  restore(): Promise<boolean>;
}

export interface ReservedSpaceOptions {
  readonly store: KeyValueStore;
  readonly reserve: SpaceReserve;
  /** Keys whose writes may use the reserve, too: small and few. */
  readonly isUrgent: (key: string) => boolean;
  readonly log: Log;
}

/** Matches the texts of SQLite and of the operating system. */
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
      log({ event: 'store-full', level: 'error', reason: 'the reserve is used to delete' });
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
      // Archives must not take what deletions need.
      if (isReleased) throw new Error('database or disk is full');
      await store.put(key, value, options);
    },
  };
}
