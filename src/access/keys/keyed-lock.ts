/**
 * A lock for each key id, within one isolate or process. A change reads a record and writes it back. Without
 * the lock, one of two concurrent changes would be lost.
 *
 * A waiting request polls by the clock, because requests of a Worker must not share promises. A request whose
 * caller has left may never release its lock, so every lock expires. Changes in two isolates at once are not
 * serialised: the last write wins (decision 5).
 */
import type { Clock } from '../../core/clock.ts';
import { fail, type Result } from '../../core/errors.ts';

/**
 * Longer than a change takes: KV refuses a second write within a second, so each of two writes may wait three
 * seconds.
 */
const LOCK_MS_MAX = 15_000;
/** Clients accept this wait; five rotations in a row on KV take about as long. */
const WAIT_MS_MAX = 10_000;
const POLL_EVERY_MS = 50;

export class KeyedLock {
  readonly #clock: Clock;
  /** Locked key ids, and when each lock expires, in clock milliseconds. */
  readonly #locks = new Map<string, { readonly expiresAtMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs `work` while the key is locked. Fails with `conflict` when other changes hold the lock for too long.
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
