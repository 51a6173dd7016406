/**
 * Time as a port. Everything that waits or reads the time takes a `Clock`, so that tests control time
 * (test/support/manual-clock.ts) and never sleep.
 */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Resolves after `ms` milliseconds, or immediately when `signal` aborts. Never rejects: check the signal to
   * learn which of the two happened.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Resolves in a later turn of the event loop. Long work awaits this between its parts, so that other
   * requests can run.
   */
  turn(): Promise<void>;
}

/**
 * Timers count milliseconds in 31 bits. A timer with a longer delay, such as `Infinity`, would fire
 * immediately. Callers pass `Infinity` to sleep until the signal aborts.
 */
const TIMER_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, TIMER_MS_MAX));
      signal?.addEventListener('abort', done, { once: true });
    }),
  // Microtasks run before I/O, so a resolved promise would not let other requests run.
  turn: () => new Promise((resolve) => setTimeout(resolve, 0)),
};
