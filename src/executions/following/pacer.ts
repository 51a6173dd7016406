/**
 * How long to wait between two polls of an execution that somebody follows: a second while messages arrive, or did some
 * seconds ago, doubling to 15 s when they don't. A throttled answer doubles the interval at once, and each success wins back a step. Pure: no
 * clock, no I/O.
 */

/** The shortest: what one execution may cost a second. */
export const POLL_INTERVAL_MIN_MS = 1_000;
/** The longest: what a reader waits for the first message after a long silence. */
export const POLL_INTERVAL_MAX_MS = 15_000;
/**
 * Polls in a row that may bring nothing before the interval grows. A flow whose steps take some seconds each is still
 * running: without this, its every other message would be two seconds late.
 */
export const QUIET_POLLS_MAX = 4;
/** Won back by each success after throttling. */
const THROTTLE_STEP_MS = 1_000;
/** Taken off at random, so that Executions which began together drift apart. Never added: the bounds above hold. */
const JITTER = 0.1;

export class Pacer {
  #quietMs = POLL_INTERVAL_MIN_MS;
  #quietPolls = 0;
  #throttledMs = POLL_INTERVAL_MIN_MS;
  #leastMs = 0;

  get intervalMs(): number {
    return Math.max(this.ownIntervalMs, this.#leastMs);
  }

  /** What it would be if this execution were the only one. */
  get ownIntervalMs(): number {
    return Math.max(this.#quietMs, this.#throttledMs);
  }

  /** The others that are followed want their turn, too. May be longer than any interval of its own. */
  atLeast(ms: number): void {
    this.#leastMs = ms;
  }

  /** The interval as it is slept, with `random` from 0 to 1. */
  jittered(random: number): number {
    return Math.round(this.intervalMs * (1 - JITTER * random));
  }

  /** Somebody new listens: what they wait for may come any moment. */
  wake(): void {
    this.#quietMs = POLL_INTERVAL_MIN_MS;
    this.#quietPolls = 0;
  }

  messagesArrived(): void {
    this.wake();
    this.#winBack();
  }

  nothingNew(): void {
    this.#quietPolls++;
    if (this.#quietPolls > QUIET_POLLS_MAX) this.#slowDown();
    this.#winBack();
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

  #winBack(): void {
    this.#throttledMs = Math.max(POLL_INTERVAL_MIN_MS, this.#throttledMs - THROTTLE_STEP_MS);
  }
}
