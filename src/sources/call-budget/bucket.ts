/**
 * A bucket of calls that fills up at a steady rate, and may be drawn below empty: who draws then waits until it would be full
 * enough, and so each gets its turn in the order in which they came, without a queue. Values only: no clock, no timer, no
 * promise, so that it can be shared between the requests of a Worker.
 */
export class CallBucket {
  #callsPerSecond: number;
  readonly #capacity: number;
  #calls: number;
  #atMs: number;

  /** Begins full. */
  constructor(callsPerSecond: number, capacity: number, nowMs: number, calls = capacity) {
    this.#callsPerSecond = callsPerSecond;
    this.#capacity = capacity;
    this.#calls = calls;
    this.#atMs = nowMs;
  }

  /** Draws a call and says how long to wait for it; undefined, and nothing is drawn, when that would be longer than `ms`. */
  reserve(nowMs: number, ms: number): number | undefined {
    const waitMs = this.waitMs(nowMs);
    if (waitMs > ms) return undefined;
    this.#calls -= 1;
    return waitMs;
  }

  /** How long the next one would have to wait; Infinity when nothing flows in. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    if (this.#calls >= 1) return 0;
    return this.#callsPerSecond > 0 ? ((1 - this.#calls) * 1000) / this.#callsPerSecond : Infinity;
  }

  /** Draws what is there, `calls` at the most: whole calls. */
  drawUpTo(calls: number, nowMs: number): number {
    this.#fill(nowMs);
    const drawn = Math.max(0, Math.min(calls, Math.floor(this.#calls)));
    this.#calls -= drawn;
    return drawn;
  }

  /** Draws below empty, too. */
  spend(calls: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#calls -= calls;
  }

  /** Puts calls in, above its capacity too: they were drawn elsewhere, or here and not made. */
  add(calls: number): void {
    this.#calls += calls;
  }

  setRate(callsPerSecond: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#callsPerSecond = callsPerSecond;
  }

  #fill(nowMs: number): void {
    const inflow = (Math.max(0, nowMs - this.#atMs) / 1000) * this.#callsPerSecond;
    // What is above the capacity stays, but nothing flows in.
    if (this.#calls < this.#capacity) this.#calls = Math.min(this.#capacity, this.#calls + inflow);
    this.#atMs = Math.max(this.#atMs, nowMs);
  }
}
