/**
 * Waiting requests: look, and look again whenever something changed, until there is an answer or the time is up. What is
 * looked at, and who polls meanwhile, is the Execution's.
 */
import type { Clock } from '../../core/clock.ts';
import type { Result } from '../../core/errors.ts';

/** How often an unknown execution is asked for again; for so long a failure counts as an answer. */
const UNKNOWN_RETRY_MS = 1_000;
/**
 * Back ends subscribe right after they start an execution. One that comes to be within 5 s is found: what is known last is up
 * to a second old, so the 404 comes after six.
 */
export const UNKNOWN_PATIENCE_MS = 5_000 + UNKNOWN_RETRY_MS;

export interface Seen<T> {
  /** There is nothing to wait for any more. */
  readonly done: boolean;
  readonly result: Result<T>;
}

export interface Waiting<T> {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly look: () => Promise<Seen<T>>;
}

/** Looks, and while the execution is unknown looks again for a while. */
export async function lookPatiently<T>(
  { clock, signal, look }: Waiting<T>,
  patienceMs: number,
): Promise<Seen<T>> {
  const untilMs = clock.now() + patienceMs;
  for (;;) {
    // Before the look, which takes its time, too: the last one is not made too early for that.
    const leftMs = untilMs - clock.now();
    const seen = await look();
    if (seen.result.ok || seen.result.failure.type !== 'upstream-not-found') return seen;
    if (leftMs <= 0 || signal?.aborted) return seen;
    await clock.sleep(Math.min(UNKNOWN_RETRY_MS, Math.max(0, untilMs - clock.now())), signal);
  }
}

/**
 * The first result that is done, or the last one when the time is up. A failure ends the wait only before anything was
 * read: what passes upstream while somebody waits is not their business.
 */
export async function waitFor<T>(
  waiting: Waiting<T>,
  waitMs: number,
  changed: () => Promise<void>,
): Promise<Result<T>> {
  const untilMs = waiting.clock.now() + waitMs;
  // Asked for before looking, so that no change falls between the two.
  let change = changed();
  let { done, result } = await lookPatiently(waiting, Math.min(waitMs, UNKNOWN_PATIENCE_MS));
  while (result.ok && !done && (await happens(change, untilMs, waiting))) {
    change = changed();
    const next = await waiting.look();
    if (next.result.ok) ({ done, result } = next);
  }
  return result;
}

/** True when it happened; false when the time is up, or nobody waits any more. */
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
