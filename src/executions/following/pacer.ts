/**
 * The interval between two polls of an execution with listeners: a second while messages arrive and for some seconds after,
 * then doubling up to 15 s. A throttled answer doubles it at once, and each success takes back a step. Pure: no clock, no I/O.
 */

/** Bounds the calls per second of one execution. */
export const POLL_INTERVAL_MIN_MS = 1_000;
/** Bounds the delay of the first message after a long silence. */
export const POLL_INTERVAL_MAX_MS = 15_000;
/**
 * Polls in a row without news before the interval grows. Without this, every other message of a flow whose steps take some
 * seconds each would be two seconds late.
 */
export const QUIET_POLLS_MAX = 4;
/** Taken back by each success after throttling. */
const THROTTLE_STEP_MS = 1_000;
/** Subtracted at random, so that Executions that started together drift apart. Never added: the bounds above hold. */
const JITTER = 0.1;

export class Pacer {
  #quietMs = POLL_INTERVAL_MIN_MS;
  #quietPolls = 0;
  #throttledMs = POLL_INTERVAL_MIN_MS;
  #leastMs = 0;

  get intervalMs(): number {
    return Math.max(this.ownIntervalMs, this.#leastMs);
  }

  /** The interval without other executions that share the budget of calls. */
  get ownIntervalMs(): number {
    return Math.max(this.#quietMs, this.#throttledMs);
  }

  /** Sets the least interval that the shared budget of calls allows. May be longer than POLL_INTERVAL_MAX_MS. */
  atLeast(ms: number): void {
    this.#leastMs = ms;
  }

  /** The interval with jitter; `random` is from 0 to 1. */
  jittered(random: number): number {
    return Math.round(this.intervalMs * (1 - JITTER * random));
  }

  /** The first listener has arrived: its message may follow any moment. */
  wake(): void {
    this.#quietMs = POLL_INTERVAL_MIN_MS;
    this.#quietPolls = 0;
  }

  messagesArrived(): void {
    this.wake();
    this.#takeBackStep();
  }

  nothingNew(): void {
    this.#quietPolls++;
    if (this.#quietPolls > QUIET_POLLS_MAX) this.#slowDown();
    this.#takeBackStep();
  }

  throttled(): void {
    this.#throttledMs = Math.min(POLL_INTERVAL_MAX_MS, this.ownIntervalMs * 2);
  }

  failed(): void {
    this.#slowDown();
  }

  #slowDown(): void {
    this.#quietMs = Math.min(POLL_INTERVAL_MAX_MS, this.#quietMs * 2);
  }

  #takeBackStep(): void {
    this.#throttledMs = Math.max(POLL_INTERVAL_MIN_MS, this.#throttledMs - THROTTLE_STEP_MS);
  }
}
