/**
 * A slow read that many requests share: one of them reads, and its value is remembered for a while. The
 * others poll for the value. Requests share no promise: on Workers a promise belongs to one request, and a
 * request that waits without a timer of its own is cancelled there.
 */
import type { Clock } from '../core/clock.ts';

/** How often a waiting request looks. */
const LOOK_MS = 50;
/** A request that reads may be cancelled without notice: another one reads after this long. */
const READING_MS_MAX = 30_000;
/**
 * A request that waits for another request's reading gives up after this long, so that waiting requests do
 * not accumulate.
 */
export const READING_WAIT_MS_MAX = 8_000;

export interface SharedReadingOptions<T, Reader> {
  readonly clock: Clock;
  readonly read: (reader: Reader) => Promise<T>;
  /** How long a value is remembered: a failure for less long than an answer. */
  readonly freshMsOf: (value: T) => number;
}

export class SharedReading<T, Reader> {
  readonly #options: SharedReadingOptions<T, Reader>;
  #remembered: { readonly value: T; readonly untilMs: number } | undefined;
  /** When the request that reads now began. */
  #reading: { readonly sinceMs: number } | undefined;

  constructor(options: SharedReadingOptions<T, Reader>) {
    this.#options = options;
  }

  /** Undefined: another request's reading took too long, or this request's caller has left. */
  async get(reader: Reader, signal?: AbortSignal): Promise<T | undefined> {
    const { clock } = this.#options;
    const untilMs = clock.now() + READING_WAIT_MS_MAX;
    for (;;) {
      const now = clock.now();
      if (this.#remembered && now < this.#remembered.untilMs) return this.#remembered.value;
      if (!this.#reading || now - this.#reading.sinceMs > READING_MS_MAX) return this.#read(reader);
      if (now >= untilMs || signal?.aborted) return undefined;
      await clock.sleep(LOOK_MS, signal);
    }
  }

  async #read(reader: Reader): Promise<T> {
    const { clock, read, freshMsOf } = this.#options;
    const reading = { sinceMs: clock.now() };
    this.#reading = reading;
    try {
      const value = await read(reader);
      this.#remembered = { value, untilMs: clock.now() + freshMsOf(value) };
      return value;
    } finally {
      if (this.#reading === reading) this.#reading = undefined;
    }
  }
}
