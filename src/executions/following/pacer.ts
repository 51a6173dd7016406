/**
 * The interval between two polls for listeners: a second (of a list two) while something new arrives and for
 * some seconds after, then doubling up to 15 s, or less if the call budget has room. A throttled answer
 * doubles the interval, and each success then shortens it by a step. Other failures double it until the next
 * success. Pure: no clock, no I/O.
 */
import { POLL_JITTER } from '../../sources/poll-jitter.ts';

/** Bounds the calls per second of one execution. */
export const POLL_INTERVAL_MIN_MS = 1_000;
/** Bounds the delay of the first message after a long silence. */
export const POLL_INTERVAL_MAX_MS = 15_000;
/**
 * Polls in a row without news before the interval grows. Without this, every other message of a flow whose
 * steps take some seconds each would be two seconds late.
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

  /** The interval without other executions that share the call budget. */
  get ownIntervalMs(): number {
    return Math.max(this.#quietMs, this.#failedMs, this.#throttledMs);
  }

  /**
   * Sets the interval that the shared call budget allows. It is longer than the pacer's own if the budget is
   * used up, even longer than POLL_INTERVAL_MAX_MS. It is shorter if the budget has room, but not after
   * failures.
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

  /** The first listener has arrived: its message may follow any moment. */
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
