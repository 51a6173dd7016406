/**
 * A token bucket that may be drawn below empty. Such a draw waits until the bucket has refilled, so turns are given in the
 * order of the draws, without a queue. Values only: no clock, no timer, no promise, so that the requests of a Worker can share
 * it.
 */
export class CallBucket {
  #callsPerSecond: number;
  readonly #capacity: number;
  #calls: number;
  #atMs: number;

  /** Starts full. */
  constructor(callsPerSecond: number, capacity: number, nowMs: number, calls = capacity) {
    this.#callsPerSecond = callsPerSecond;
    this.#capacity = capacity;
    this.#calls = calls;
    this.#atMs = nowMs;
  }

  /** Draws a call and returns how long to wait for it. Undefined, and nothing is drawn, if that is longer than `ms`. */
  reserve(nowMs: number, ms: number): number | undefined {
    const waitMs = this.waitMs(nowMs);
    if (waitMs > ms) return undefined;
    this.#calls -= 1;
    return waitMs;
  }

  /** How long the next draw would wait; Infinity if nothing flows in. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    if (this.#calls >= 1) return 0;
    return this.#callsPerSecond > 0 ? ((1 - this.#calls) * 1000) / this.#callsPerSecond : Infinity;
  }

  /** Draws the whole calls that are available, at most `calls`. */
  drawUpTo(calls: number, nowMs: number): number {
    this.#fill(nowMs);
    const drawn = Math.max(0, Math.min(calls, Math.floor(this.#calls)));
    this.#calls -= drawn;
    return drawn;
  }

  /** May draw below empty. */
  spend(calls: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#calls -= calls;
  }

  /** Adds calls, even above the capacity: they were drawn elsewhere, or drawn here and not made. */
  add(calls: number): void {
    this.#calls += calls;
  }

  setRate(callsPerSecond: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#callsPerSecond = callsPerSecond;
  }

  #fill(nowMs: number): void {
    const inflow = (Math.max(0, nowMs - this.#atMs) / 1000) * this.#callsPerSecond;
    // Above the capacity nothing flows in, but calls that were added stay.
    if (this.#calls < this.#capacity) this.#calls = Math.min(this.#capacity, this.#calls + inflow);
    this.#atMs = Math.max(this.#atMs, nowMs);
  }
}
