/**
 * A slow read that many requests share. One of them reads, and its value is cached for a while. The others
 * poll for the value instead of sharing a promise, for two reasons: on Workers a promise belongs to one
 * request, and a request that waits without a timer of its own is cancelled.
 */
import type { Clock } from '../core/clock.ts';

/** How often a waiting request checks for the value. */
const LOOK_MS = 50;
/** The reading request can be cancelled without notice. After this long, another request reads instead. */
const READING_MS_MAX = 30_000;
/**
 * A request gives up after waiting this long for another request's value, so that waiting requests do not
 * accumulate.
 */
export const READING_WAIT_MS_MAX = 8_000;

export interface SharedReadingOptions<T, Reader> {
  readonly clock: Clock;
  readonly read: (reader: Reader) => Promise<T>;
  /** How long a value is cached. Use a shorter time for failures. */
  readonly freshMsOf: (value: T) => number;
}

export class SharedReading<T, Reader> {
  readonly #options: SharedReadingOptions<T, Reader>;
  #remembered: { readonly value: T; readonly untilMs: number } | undefined;
  /** The reading in progress, and when it began. */
  #reading: { readonly sinceMs: number } | undefined;

  constructor(options: SharedReadingOptions<T, Reader>) {
    this.#options = options;
  }

  /**
   * Returns undefined if another request's reading takes too long, or if this request's caller has
   * disconnected.
   */
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
