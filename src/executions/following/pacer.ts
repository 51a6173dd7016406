/**
 * Computes the interval between two polls. It is a second (two for a list) while news arrives and for some
 * seconds after. Then it doubles again and again, up to 15 s, or to less if the call budget has room. A
 * throttled answer doubles the interval, and each success then shortens it by a step. Other failures double
 * it until the next success. Pure: no clock, no I/O.
 */
import { POLL_JITTER } from '../../sources/poll-jitter.ts';

/** Limits the calls per second for one execution. */
export const POLL_INTERVAL_MIN_MS = 1_000;
/** Limits the delay of the first message after a long silence. */
export const POLL_INTERVAL_MAX_MS = 15_000;
/**
 * How many consecutive polls may bring no news before the interval grows. If it grew after the first of them,
 * flows with multi-second steps would deliver every other message two seconds late.
 */
export const QUIET_POLLS_MAX = 4;
/** By how much each success shortens the interval after throttling. */
const THROTTLE_STEP_MS = 1_000;

export class Pacer {
  readonly #minMs: number;
  #quietMs: number;
  #quietPolls = 0;
  #failedMs: number;
  #throttledMs: number;
  #leastMs = 0;
  #quietMostMs = Infinity;

  constructor(minMs = POLL_INTERVAL_MIN_MS) {
    this.#minMs = this.#quietMs = this.#failedMs = this.#throttledMs = minMs;
  }

  get intervalMs(): number {
    return Math.max(this.#leastMs, this.#unstretchedMs);
  }

  /** The interval before the shared call budget is taken into account. */
  get ownIntervalMs(): number {
    return Math.max(this.#quietMs, this.#failedMs, this.#throttledMs);
  }

  /**
   * Sets the interval that the shared call budget allows. If the budget is used up, this interval is longer
   * than the pacer's own, and can exceed POLL_INTERVAL_MAX_MS. If the budget has room, it is shorter, except
   * after failures.
   */
  paced(intervalMs: number): void {
    const own = this.ownIntervalMs;
    this.#leastMs = intervalMs > own ? intervalMs : 0;
    this.#quietMostMs = intervalMs < own ? intervalMs : Infinity;
  }

  get #unstretchedMs(): number {
    return Math.max(Math.min(this.#quietMs, this.#quietMostMs), this.#failedMs, this.#throttledMs);
  }

  /** The interval with jitter; `random` is from 0 to 1. */
  jittered(random: number): number {
    return Math.round(this.intervalMs * (1 - POLL_JITTER * random));
  }

  /**
   * Resets the interval to its minimum. Also called for the first listener, because a message might arrive at
   * any moment.
   */
  wake(): void {
    this.#quietMs = this.#failedMs = this.#minMs;
    this.#quietPolls = 0;
  }

  messagesArrived(): void {
    this.wake();
    this.#takeBackStep();
  }

  nothingNew(): void {
    this.#failedMs = this.#minMs;
    this.#quietPolls++;
    if (this.#quietPolls > QUIET_POLLS_MAX) this.#quietMs = doubled(this.#quietMs);
    this.#takeBackStep();
  }

  throttled(): void {
    this.#throttledMs = doubled(this.#unstretchedMs);
  }

  failed(): void {
    this.#failedMs = doubled(Math.max(this.#failedMs, Math.min(this.#quietMs, this.#quietMostMs)));
  }

  #takeBackStep(): void {
    this.#throttledMs = Math.max(this.#minMs, this.#throttledMs - THROTTLE_STEP_MS);
  }
}

const doubled = (intervalMs: number): number => Math.min(POLL_INTERVAL_MAX_MS, intervalMs * 2);
