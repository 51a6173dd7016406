/**
 * Changes of one key take turns within an isolate or process: each reads what stands there and writes it back changed, so
 * that two at once would lose one. By values and time and not by promises, which requests of a Worker must not share; a
 * request that was abandoned with its caller never says that it is done, so a turn ends by the clock at the latest.
 *
 * What two isolates do at once, it does not see: there the last write wins (decision 5).
 */
import type { Clock } from '../../core/clock.ts';
import { fail, type Result } from '../../core/errors.ts';

/** Longer than a change takes: KV refuses a second write within a second, so that two writes may wait three seconds each. */
const TURN_MS_MAX = 15_000;
/** Clients wait this long gladly; so do five rotations in a row on KV. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 50;

export class KeyTurns {
  readonly #clock: Clock;
  /** Key ids under change, and until when at the latest, in clock milliseconds. */
  readonly #taken = new Map<string, { readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async take<T>(keyId: string, work: () => Promise<Result<T>>): Promise<Result<T>> {
    const clock = this.#clock;
    const patientUntilMs = clock.now() + PATIENCE_MS;
    while ((this.#taken.get(keyId)?.untilMs ?? 0) > clock.now()) {
      if (clock.now() >= patientUntilMs) {
        return fail({ type: 'conflict', detail: 'Other changes of this key are under way: try again.' });
      }
      await clock.sleep(LOOK_EVERY_MS);
    }
    const turn = { untilMs: clock.now() + TURN_MS_MAX };
    this.#taken.set(keyId, turn);
    try {
      return await work();
    } finally {
      if (this.#taken.get(keyId) === turn) this.#taken.delete(keyId);
    }
  }
}
