/**
 * A lock per key id, within one isolate or process. A change reads a record, modifies it and writes it back.
 * The lock prevents two concurrent changes from overwriting each other.
 *
 * Waiting requests poll the lock at intervals, because requests on Workers must not share promises. If a
 * caller disconnects, its request might never release the lock, so every lock expires. Concurrent changes in
 * two isolates are not serialised: the last write wins (decision 5).
 */
import type { Clock } from '../../core/clock.ts';
import { fail, type Result } from '../../core/errors.ts';

/**
 * A lock expires after this long. Changes take less: they make at most two writes. KV refuses a second write
 * of a record within a second, so a write with its retries can take three seconds.
 */
const LOCK_MS_MAX = 15_000;
/**
 * A change waits at most this long for the lock. Clients tolerate such a wait. It is enough for about five
 * rotations on KV, one after the other.
 */
const WAIT_MS_MAX = 10_000;
const POLL_EVERY_MS = 50;

export class KeyedLock {
  readonly #clock: Clock;
  /** Locked key ids, each with the expiry of its lock in clock milliseconds. */
  readonly #locks = new Map<string, { readonly expiresAtMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs `work` while holding the key's lock. Fails with `conflict` if other changes hold the lock for too
   * long.
   */
  async withLock<T>(keyId: string, work: () => Promise<Result<T>>): Promise<Result<T>> {
    const clock = this.#clock;
    const giveUpAtMs = clock.now() + WAIT_MS_MAX;
    while ((this.#locks.get(keyId)?.expiresAtMs ?? 0) > clock.now()) {
      if (clock.now() >= giveUpAtMs) {
        return fail({ type: 'conflict', detail: 'Other changes of this key are in progress. Try again.' });
      }
      await clock.sleep(POLL_EVERY_MS);
    }
    const lock = { expiresAtMs: clock.now() + LOCK_MS_MAX };
    this.#locks.set(keyId, lock);
    try {
      return await work();
    } finally {
      if (this.#locks.get(keyId) === lock) this.#locks.delete(keyId);
    }
  }
}
