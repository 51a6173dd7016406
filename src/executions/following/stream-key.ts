/**
 * What an open stream knows of its key, and what follows from it: when the key is to be asked about outside of its turn, and
 * when and why the stream is over. A key's end may be moved while the stream is open, either way; a ticket's may not. No I/O.
 */
import type { Failure, Result } from '../../core/errors.ts';
import type { StreamRequest } from '../executions.ts';

/** How often a key with open streams is asked about. With the key store's own memory (10 s) this stays under 60 s. */
export const KEY_CHECK_MS = 30_000;
/** A key that is about to end is asked about once more, this long before: it may have been extended. Time for a slow read. */
const LAST_LOOK_MS = 2_000;
/**
 * A store that is down says nothing about the key, and closing its streams would help nobody: they could not come back. But
 * a key may have been revoked where the store works, and that can't wait for a stream's whole life. Outages that pass by
 * themselves are shorter than this.
 */
export const KEY_UNKNOWN_MS_MAX = 5 * 60_000;

/** May the key still read this execution? `untilMs`: when key or credential end, in clock milliseconds. */
export type KeyAnswer = Result<{ readonly untilMs?: number }>;
/** `grant`: as in the stream's request. */
export type StillAllowed = (grant: unknown, executionId: string) => Promise<KeyAnswer>;

export class StreamKey {
  readonly #ticketEndsAtMs: number;
  #keyEndsAtMs: number;
  #askedAboutEndAtMs: number | undefined;
  #knownAtMs: number;

  constructor(
    {
      keyEndsAtMs = Infinity,
      ticketEndsAtMs = Infinity,
    }: Pick<StreamRequest, 'keyEndsAtMs' | 'ticketEndsAtMs'>,
    nowMs: number,
  ) {
    this.#keyEndsAtMs = keyEndsAtMs;
    this.#ticketEndsAtMs = ticketEndsAtMs;
    this.#knownAtMs = nowMs;
  }

  /** When the stream is over, unless something else is learnt before. */
  get endsAtMs(): number {
    return Math.min(this.#keyEndsAtMs, this.#ticketEndsAtMs, this.#knownAtMs + KEY_UNKNOWN_MS_MAX);
  }

  /** When to ask outside of the turn; Infinity when that was done. */
  get askAtMs(): number {
    return this.#askedAboutEndAtMs === this.#keyEndsAtMs ? Infinity : this.#keyEndsAtMs - LAST_LOOK_MS;
  }

  /** It is being asked about, in its turn or not. */
  asked(nowMs: number): void {
    if (nowMs >= this.askAtMs) this.#askedAboutEndAtMs = this.#keyEndsAtMs;
  }

  /** Why the stream is over, if it is. */
  over(nowMs: number): Failure | undefined {
    if (nowMs >= this.#keyEndsAtMs) return { type: 'expired-key' };
    if (nowMs >= this.#ticketEndsAtMs) return { type: 'expired-ticket' };
    if (nowMs >= this.endsAtMs)
      return { type: 'store-unavailable', internal: 'a key is not known for too long' };
    return undefined;
  }

  /** Takes an answer. What the stream is to be closed with, if the key is refused. */
  learn(answer: KeyAnswer, nowMs: number): Failure | undefined {
    if (!answer.ok) return isUnknown(answer.failure) ? undefined : answer.failure;
    this.#keyEndsAtMs = answer.value.untilMs ?? Infinity;
    this.#knownAtMs = nowMs;
    return undefined;
  }
}

/** Not known is not refused. A record that the store has, and that can't be trusted, is. */
const isUnknown = (failure: Failure): boolean => failure.type === 'store-unavailable' && !failure.refused;
