/**
 * Exponential backoff: each consecutive failure doubles the delay before the next try, up to a maximum. No
 * clock.
 */

export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
  }

  /** The number of consecutive failures. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failed try. Returns the delay before the next one, in milliseconds. */
  failed(): number {
    return Math.min(this.#maxMs, this.#firstMs * 2 ** this.#failures++);
  }

  /** Resets the delay. Call this after a success, or when no further try is needed. */
  reset(): void {
    this.#failures = 0;
  }
}
