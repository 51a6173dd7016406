/**
 * A token bucket: a number of calls a second, and a burst. Only calls that were made without a permit draw it
 * below empty. Values only: no clock, no timer, no promise, so that the requests of a Worker can share it.
 */

/** Far less than a call. */
const ROUNDING = 1e-9;

export class TokenBucket {
  #callsPerSecond: number;
  #capacity: number;
  #calls: number;
  #atMs: number;

  /** Starts full. */
  constructor(callsPerSecond: number, capacity: number, nowMs: number, calls = capacity) {
    this.#callsPerSecond = callsPerSecond;
    this.#capacity = capacity;
    this.#calls = calls;
    this.#atMs = nowMs;
  }

  /** How long until this many calls are available; Infinity if nothing flows in. */
  waitMs(calls: number, nowMs: number): number {
    this.#fill(nowMs);
    if (this.#calls >= calls) return 0;
    return this.#callsPerSecond > 0 ? ((calls - this.#calls) * 1000) / this.#callsPerSecond : Infinity;
  }

  /** Whole calls that are available. */
  available(nowMs: number): number {
    this.#fill(nowMs);
    // Adding up parts of a call must not leave the last one a rounding error short.
    return Math.max(0, Math.floor(this.#calls + ROUNDING));
  }

  /** Draws the whole calls that are available, at most `calls`. */
  drawUpTo(calls: number, nowMs: number): number {
    const drawn = Math.min(calls, this.available(nowMs));
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

  /** Changes the rate from now on. */
  setRate(callsPerSecond: number, nowMs: number, capacity = this.#capacity): void {
    this.#fill(nowMs);
    this.#callsPerSecond = callsPerSecond;
    this.#capacity = capacity;
  }

  #fill(nowMs: number): void {
    const inflow = (Math.max(0, nowMs - this.#atMs) / 1000) * this.#callsPerSecond;
    // Above the capacity nothing flows in, but calls that were added stay.
    if (this.#calls < this.#capacity) this.#calls = Math.min(this.#capacity, this.#calls + inflow);
    this.#atMs = Math.max(this.#atMs, nowMs);
  }
}
