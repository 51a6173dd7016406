/**
 * Ids that the source did not know a moment ago, one memory per isolate. A "not found" is shared by all callers for a short
 * time, so an id that does not exist costs neither a call nor an Execution for each request. Values only, never promises: on
 * Workers a promise belongs to the request that made it.
 */
import type { Clock } from '../core/clock.ts';
import type { Result, SourceFailure } from '../core/errors.ts';
import { type ExecutionRef, executionName } from '../core/execution-ref.ts';

/** Short, because back ends read an execution right after they start it. */
export const UNKNOWN_SHARED_MS = 1_500;
/** An id and a text of a few hundred bytes each. */
export const UNKNOWN_IDS_MAX = 2_000;

export type NotFound = Extract<SourceFailure, { type: 'upstream-not-found' }>;

/** Whether a "not found" of that time still answers for the source. */
export const isStillUnknown = (atMs: number, nowMs: number): boolean => nowMs - atMs < UNKNOWN_SHARED_MS;

export class UnknownExecutions {
  readonly #clock: Clock;
  /** In the order of their arrival, which is the order in which they end. */
  readonly #failures = new Map<string, { readonly failure: NotFound; readonly atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(ref: ExecutionRef): NotFound | undefined {
    const known = this.#failures.get(executionName(ref));
    return known && isStillUnknown(known.atMs, this.#clock.now()) ? known.failure : undefined;
  }

  /** Takes what an Execution has answered; only a "not found" is remembered. */
  note<T>(ref: ExecutionRef, result: Result<T>): Result<T> {
    const key = executionName(ref);
    this.#failures.delete(key);
    if (result.ok || result.failure.type !== 'upstream-not-found') return result;
    const { failure } = result;
    this.#failures.set(key, { failure, atMs: failure.atMs ?? this.#clock.now() });
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= UNKNOWN_IDS_MAX) break;
      this.#failures.delete(oldest);
    }
    return result;
  }
}
