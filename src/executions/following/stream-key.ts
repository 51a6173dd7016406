/**
 * Tracks the key of one open stream: when an extra check is due, and when and why the stream must end. The
 * expiry of a key can move in either direction while the stream is open. The expiry of a ticket never
 * changes. No I/O.
 */
import type { Failure, Result } from '../../core/errors.ts';
import type { GrantedStream } from '../executions.ts';

/** How often the keys of open streams are checked. The key cache adds up to 10 s to this. */
export const KEY_CHECK_MS = 30_000;
/**
 * A key is checked again this long before it expires, because its expiry might have been postponed. Leaves
 * time for a slow read.
 */
const LAST_CHECK_MS = 2_000;
/**
 * How long streams stay open while the store is down. Closing them immediately would not help, because their
 * clients could not reconnect. But a key that was revoked meanwhile must not stay valid for the rest of the
 * stream's life. This time outlasts short outages.
 */
export const KEY_UNKNOWN_MS_MAX = 5 * 60_000;

/**
 * Ok if the key may still read the stream's history or list, otherwise the reason. `untilMs`: when the key or
 * its credential expires, in clock milliseconds.
 */
export type KeyAnswer = Result<{ readonly untilMs?: number }>;
/** `grant`: as in `GrantedStream`. */
export type StillAllowed = (grant: unknown, executionId: string) => Promise<KeyAnswer>;

export class StreamKey {
  readonly #ticketEndsAtMs: number;
  #keyEndsAtMs: number;
  #lastCheckedEndMs: number | undefined;
  #knownAtMs: number;

  constructor(
    { keyEndsAtMs = Infinity, ticketEndsAtMs = Infinity }: Omit<GrantedStream, 'grant'>,
    nowMs: number,
  ) {
    this.#keyEndsAtMs = keyEndsAtMs;
    this.#ticketEndsAtMs = ticketEndsAtMs;
    this.#knownAtMs = nowMs;
  }

  /** When the stream ends. A later answer can change this. */
  get endsAtMs(): number {
    return Math.min(this.#keyEndsAtMs, this.#ticketEndsAtMs, this.#knownAtMs + KEY_UNKNOWN_MS_MAX);
  }

  /** When an extra check is due because the key is about to expire. Infinity after that check. */
  get lastCheckAtMs(): number {
    return this.#lastCheckedEndMs === this.#keyEndsAtMs ? Infinity : this.#keyEndsAtMs - LAST_CHECK_MS;
  }

  /** Call this when any check starts, a regular or an extra one. */
  checkStarted(nowMs: number): void {
    if (nowMs >= this.lastCheckAtMs) this.#lastCheckedEndMs = this.#keyEndsAtMs;
  }

  /** Returns why the stream must end now, or undefined if it may stay open. */
  failureAt(nowMs: number): Failure | undefined {
    if (nowMs >= this.#keyEndsAtMs) return { type: 'expired-key' };
    if (nowMs >= this.#ticketEndsAtMs) return { type: 'expired-ticket' };
    if (nowMs >= this.endsAtMs)
      return { type: 'store-unavailable', internal: 'the state of the key was unknown for too long' };
    return undefined;
  }

  /** Records the answer of a check. Returns the failure to close the stream with, if the key is refused. */
  takeAnswer(answer: KeyAnswer, nowMs: number): Failure | undefined {
    if (!answer.ok) return isUnknown(answer.failure) ? undefined : answer.failure;
    this.#keyEndsAtMs = answer.value.untilMs ?? Infinity;
    this.#knownAtMs = nowMs;
    return undefined;
  }
}

/**
 * True if the answer says nothing about the key, because the store failed. False if the store returned a
 * record that cannot be trusted: the key is then refused.
 */
const isUnknown = (failure: Failure): boolean => failure.type === 'store-unavailable' && !failure.refused;
