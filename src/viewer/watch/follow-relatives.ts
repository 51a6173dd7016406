/**
 * Reads an execution's relatives (its parent and children) repeatedly while the execution runs, because it might start
 * more children. Failures are reported and retried.
 */
import { isTransient } from '../../client/retry-policy.ts';
import { Backoff } from '../../core/backoff.ts';
import type { Clock } from '../../core/clock.ts';
import type { Relatives } from './relatives-source.ts';

export const RELATIVES_EVERY_MS = 10_000;
/** The longest pause after several failures. */
export const RELATIVES_EVERY_MS_MAX = 80_000;

export interface RelativesWatch {
  readonly read: (signal: AbortSignal) => Promise<Relatives>;
  readonly isOver: () => boolean;
  readonly onFound: (found: Relatives) => void;
  /** Called when a read has failed and will be retried. */
  readonly onFailed: (error: Error) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Returns when the execution has ended and its relatives were read, or when a retry cannot help. Rejects only
 * when the signal aborts.
 */
export async function followRelatives(watch: RelativesWatch): Promise<void> {
  const { read, isOver, onFound, onFailed, clock, signal } = watch;
  const backoff = new Backoff(2 * RELATIVES_EVERY_MS, RELATIVES_EVERY_MS_MAX);
  for (;;) {
    let pauseMs = RELATIVES_EVERY_MS;
    try {
      onFound(await read(signal));
      if (isOver()) return;
      backoff.reset();
    } catch (error) {
      signal.throwIfAborted();
      // Give up without a report, because the element that shows the execution also shows the reason.
      if (!isTransient(error)) return;
      onFailed(error);
      pauseMs = backoff.failed();
    }
    await clock.sleep(pauseMs, signal);
    signal.throwIfAborted();
  }
}
