/**
 * The state of an open stream's key: when an extra check is due, and when and why the stream ends. While the
 * stream is open, the expiry of its key may change in either direction; that of a ticket never changes. No
 * I/O.
 */
import type { Failure, Result } from '../../core/errors.ts';
import type { GrantedStream } from '../executions.ts';

/**
 * How often the key of open streams is checked. With the key cache's own 10 s a revocation shows within 60 s.
 */
export const KEY_CHECK_MS = 30_000;
/**
 * A key that is about to end is checked again this long before: it may have been extended. Leaves time for a
 * slow read.
 */
const LAST_CHECK_MS = 2_000;
/**
 * How long streams stay open while the store is down. Closing them at once would not help, because their
 * clients could not reconnect. But the key may have been revoked elsewhere, and that must take effect before
 * the end of a stream's life. Short outages end within this time.
 */
export const KEY_UNKNOWN_MS_MAX = 5 * 60_000;

/** May the key still read what is streamed? `untilMs`: when key or credential end, in clock milliseconds. */
export type KeyAnswer = Result<{ readonly untilMs?: number }>;
/** `grant`: as in the stream's request. */
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

  /** When the stream ends, unless an answer changes that before. */
  get endsAtMs(): number {
    return Math.min(this.#keyEndsAtMs, this.#ticketEndsAtMs, this.#knownAtMs + KEY_UNKNOWN_MS_MAX);
  }

  /** When an extra check is due because the key is about to expire; Infinity after that check. */
  get lastCheckAtMs(): number {
    return this.#lastCheckedEndMs === this.#keyEndsAtMs ? Infinity : this.#keyEndsAtMs - LAST_CHECK_MS;
  }

  /** A check was started, regular or not. */
  checkStarted(nowMs: number): void {
    if (nowMs >= this.lastCheckAtMs) this.#lastCheckedEndMs = this.#keyEndsAtMs;
  }

  /** Why the stream has ended, if it has. */
  failureAt(nowMs: number): Failure | undefined {
    if (nowMs >= this.#keyEndsAtMs) return { type: 'expired-key' };
    if (nowMs >= this.#ticketEndsAtMs) return { type: 'expired-ticket' };
    if (nowMs >= this.endsAtMs)
      return { type: 'store-unavailable', internal: 'the state of the key was unknown for too long' };
    return undefined;
  }

  /** The failure to close the stream with, if the key is refused. */
  takeAnswer(answer: KeyAnswer, nowMs: number): Failure | undefined {
    if (!answer.ok) return isUnknown(answer.failure) ? undefined : answer.failure;
    this.#keyEndsAtMs = answer.value.untilMs ?? Infinity;
    this.#knownAtMs = nowMs;
    return undefined;
  }
}

/** If the store fails, the key is not refused. If the store has a record that cannot be trusted, it is. */
const isUnknown = (failure: Failure): boolean => failure.type === 'store-unavailable' && !failure.refused;
