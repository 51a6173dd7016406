/**
 * Time as a port. Everything that waits or asks for the time takes a `Clock`, so that tests run on their own time
 * (test/support/manual-clock.ts) and no test ever sleeps.
 */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Resolves after `ms` milliseconds, or at once when `signal` aborts. It never rejects: who wakes up early asks the
   * signal why.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Timers count in 31 bits. What is asked for beyond (`Infinity`: until the signal) would fire at once, again and again. */
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
};
