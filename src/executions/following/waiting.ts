/**
 * Waiting requests: look, and look again after each change, until there is an answer or the time is up. The Execution provides
 * the look, and polls meanwhile.
 */
import type { Clock } from '../../core/clock.ts';
import type { Result } from '../../core/errors.ts';

/** How often an unknown execution is requested again. A failure is remembered for as long. */
const UNKNOWN_RETRY_MS = 1_000;
/**
 * Back ends subscribe right after they start an execution. An execution that exists within 5 s is found: the last answer may
 * be a second old, so the 404 is sent after six.
 */
export const UNKNOWN_PATIENCE_MS = 5_000 + UNKNOWN_RETRY_MS;

export interface Seen<T> {
  /** The wait is over. */
  readonly done: boolean;
  readonly result: Result<T>;
}

export interface Waiting<T> {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly look: () => Promise<Seen<T>>;
}

/** Looks again for a while if the execution is unknown. */
export async function lookPatiently<T>(
  { clock, signal, look }: Waiting<T>,
  patienceMs: number,
): Promise<Seen<T>> {
  const untilMs = clock.now() + patienceMs;
  for (;;) {
    // Measured before the look, which takes time as well: otherwise the last look would be too early.
    const leftMs = untilMs - clock.now();
    const seen = await look();
    if (seen.result.ok || seen.result.failure.type !== 'upstream-not-found') return seen;
    if (leftMs <= 0 || signal?.aborted) return seen;
    await clock.sleep(Math.min(UNKNOWN_RETRY_MS, Math.max(0, untilMs - clock.now())), signal);
  }
}

/**
 * The first result that is done, or the last one when the time is up. A failure ends the wait only before the first success:
 * later outages do not concern a caller that waits.
 */
export async function waitFor<T>(
  waiting: Waiting<T>,
  waitMs: number,
  changed: () => Promise<void>,
): Promise<Result<T>> {
  const untilMs = waiting.clock.now() + waitMs;
  // Taken before the look, so that no change between the two is missed.
  let change = changed();
  let { done, result } = await lookPatiently(waiting, Math.min(waitMs, UNKNOWN_PATIENCE_MS));
  while (result.ok && !done && (await happens(change, untilMs, waiting))) {
    change = changed();
    const next = await waiting.look();
    if (next.result.ok) ({ done, result } = next);
  }
  return result;
}

/** True for a change; false when the time is up or the caller has disconnected. */
async function happens<T>(
  change: Promise<void>,
  untilMs: number,
  { clock, signal }: Waiting<T>,
): Promise<boolean> {
  const leftMs = untilMs - clock.now();
  if (leftMs <= 0 || signal?.aborted) return false;
  const over = new AbortController();
  const timeUp = clock
    .sleep(leftMs, signal ? AbortSignal.any([signal, over.signal]) : over.signal)
    .then(() => false);
  const happened = await Promise.race([change.then(() => true), timeUp]);
  over.abort();
  return happened;
}
