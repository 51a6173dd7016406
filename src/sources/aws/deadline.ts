/** A time limit for a piece of work. It applies even if the work ignores its signal. */
import type { Clock } from '../../core/clock.ts';

/** The result of `withinDeadline` if the time was up, or `signal` aborted, before the work was done. */
export const TOO_LATE = Symbol('too late');

/**
 * Runs `work` for at most `ms` milliseconds, or until `signal` aborts. `work` gets a signal of its own, which
 * aborts when the time is up and also once the work is done, so that nothing keeps running.
 */
export async function withinDeadline<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | typeof TOO_LATE> {
  const working = new AbortController();
  const waiting = new AbortController();
  const leave = () => waiting.abort();
  if (signal?.aborted) return TOO_LATE;
  signal?.addEventListener('abort', leave, { once: true });
  try {
    const timer = clock.sleep(ms, waiting.signal).then((): typeof TOO_LATE => TOO_LATE);
    return await Promise.race([work(working.signal), timer]);
  } finally {
    signal?.removeEventListener('abort', leave);
    waiting.abort();
    working.abort();
  }
}
