/**
 * A token bucket for calls. It fills at a rate in calls per second, and its capacity limits bursts. Only
 * `spend` can make it negative, because it takes calls even from an empty bucket. It has no clock, timer or
 * promise, so the requests of a Worker can share it.
 */

/** Tolerates rounding errors. Far less than one call. */
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

  /** Milliseconds until this many calls are available; Infinity if they never will be. */
  waitMs(calls: number, nowMs: number): number {
    this.#fill(nowMs);
    if (this.#calls >= calls) return 0;
    return this.#callsPerSecond > 0 ? ((calls - this.#calls) * 1000) / this.#callsPerSecond : Infinity;
  }

  /** The number of whole calls that are available. */
  available(nowMs: number): number {
    this.#fill(nowMs);
    // Without the tolerance, rounding errors in the sum of small inflows could hide the last whole call.
    return Math.max(0, Math.floor(this.#calls + ROUNDING));
  }

  /** Takes the whole calls that are available, at most `calls`. Returns how many it took. */
  drawUpTo(calls: number, nowMs: number): number {
    const drawn = Math.min(calls, this.available(nowMs));
    this.#calls -= drawn;
    return drawn;
  }

  /** Takes the calls even if the bucket becomes negative. */
  spend(calls: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#calls -= calls;
  }

  /**
   * Adds calls, even above the capacity: calls from another bucket, or calls that were drawn here and not
   * used.
   */
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
    // A bucket above its capacity does not fill further, but keeps the calls that were added.
    if (this.#calls < this.#capacity) this.#calls = Math.min(this.#capacity, this.#calls + inflow);
    this.#atMs = Math.max(this.#atMs, nowMs);
  }
}
