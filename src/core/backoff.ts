/** The delay before the next try: doubled by each failure in a row, up to a maximum. No clock. */

export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
  }

  /** How many tries in a row have failed. */
  get failures(): number {
    return this.#failures;
  }

  /** A try has failed. Returns the delay, in milliseconds. */
  failed(): number {
    return Math.min(this.#maxMs, this.#firstMs * 2 ** this.#failures++);
  }

  /** A try has succeeded, or is not needed any more. */
  reset(): void {
    this.#failures = 0;
  }
}
