/**
 * Serves a waiting request: reads the history again after each change, until the request can be answered or
 * its time is up. The Execution provides the read (`look`) and polls meanwhile.
 */
import type { Clock } from '../../core/clock.ts';
import type { Result } from '../../core/errors.ts';
import { UNKNOWN_SHARED_MS } from '../unknown-executions.ts';

/**
 * Back ends subscribe right after they start an execution, so an unknown one is looked up again after these
 * pauses, at 1.5 s and at 5 s. A look-up before 1.5 s would get the same "not found", which is shared for
 * that long.
 */
const UNKNOWN_PAUSES_MS = [UNKNOWN_SHARED_MS, 3_500];

export interface Seen<T> {
  /** True if the request can be answered with this result. */
  readonly done: boolean;
  readonly result: Result<T>;
}

export interface Waiting<T> {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly look: () => Promise<Seen<T>>;
}

/**
 * Looks up the execution. If it is unknown, looks again after each of UNKNOWN_PAUSES_MS that ends within
 * `waitMs`.
 */
export async function lookUntilFound<T>(
  { clock, signal, look }: Waiting<T>,
  waitMs = Infinity,
): Promise<Seen<T>> {
  const untilMs = clock.now() + waitMs;
  let seen = await look();
  for (const pauseMs of UNKNOWN_PAUSES_MS) {
    if (seen.result.ok || seen.result.failure.type !== 'upstream-not-found') return seen;
    if (clock.now() + pauseMs > untilMs) return seen;
    await clock.sleep(pauseMs, signal);
    if (signal?.aborted) return seen;
    seen = await look();
  }
  return seen;
}

/**
 * Returns the first result that is done, or the last successful one when the time is up. After the first
 * success, failures do not end the wait, so a caller can wait through an outage.
 */
export async function waitFor<T>(
  waiting: Waiting<T>,
  waitMs: number,
  changed: () => Promise<void>,
): Promise<Result<T>> {
  const untilMs = waiting.clock.now() + waitMs;
  // Called before the look, so that no change during the look is missed.
  let change = changed();
  let { done, result } = await lookUntilFound(waiting, waitMs);
  while (result.ok && !done && (await happens(change, untilMs, waiting))) {
    change = changed();
    const next = await waiting.look();
    if (next.result.ok) ({ done, result } = next);
  }
  return result;
}

/** Returns true after a change, or false if the time is up or the caller disconnects first. */
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
