/**
 * A budget of calls that many executions share: AWS counts calls per account and region. This file has the port, the budget of
 * one process, and the choice of an execution's budget. leased-budget.ts is the budget of an isolate on Workers;
 * budgeted-source.ts makes a source use a budget.
 *
 * A budget does two things. It sets the interval between polls of each followed execution so that the calls suffice for all,
 * and no follower is refused. And it makes each call wait for its turn, since reads come on top of the polls.
 */
import type { Clock } from '../../core/clock.ts';
import { Followers } from './pacing.ts';
import { CallBucket } from './bucket.ts';

/** Below AWS's 20: leaves some for others in the account, and for a clock that is slightly fast. */
export const CALLS_PER_SECOND = 15;
/** Below AWS's 400: enough for many first pages at once, and for walks through long histories. */
export const CALLS_AT_ONCE = 100;
/** The part of the calls per second for polls; the rest is for reads. */
export const POLLS_SHARE = 0.9;
/** A call that would wait longer for its turn fails. A poll keeps its subscribers and is retried. */
export const TURN_MS_MAX = 10_000;

export type Turn =
  | { readonly ok: true; readonly waitedMs: number }
  | { readonly ok: false; readonly retryAfterSeconds: number };

export interface CallBudget {
  /** Waits until one call may be made. If that takes too long, or `signal` aborts, returns when to retry. */
  take(signal?: AbortSignal): Promise<Turn>;
  /** A call that was made without a turn, such as a retry: later calls wait longer for it. */
  spent(): void;
  /** Returns a turn that was not used. */
  giveBack(): void;
  /**
   * The shortest allowed interval between polls of this execution, which wants one every `wantedMs`. Call it at each poll: an
   * execution that stops calling it is no longer counted.
   */
  pace(executionId: string, wantedMs: number): number;
}

export interface CallBudgetOptions {
  readonly clock: Clock;
  readonly callsPerSecond?: number;
  readonly callsAtOnce?: number;
}

/** The budget of one process that makes all calls of an account. */
export function createCallBudget(options: CallBudgetOptions): CallBudget {
  const { clock, callsPerSecond = CALLS_PER_SECOND, callsAtOnce = CALLS_AT_ONCE } = options;
  const bucket = new CallBucket(callsPerSecond, callsAtOnce, clock.now());
  const followers = new Followers();
  return {
    async take(signal) {
      const waitMs = bucket.reserve(clock.now(), TURN_MS_MAX);
      if (waitMs === undefined) return tooLong(bucket.waitMs(clock.now()));
      if (waitMs > 0) await clock.sleep(waitMs, signal);
      if (!signal?.aborted) return { ok: true, waitedMs: waitMs };
      bucket.add(1);
      return tooLong(0);
    },
    spent: () => bucket.spend(1, clock.now()),
    giveBack: () => bucket.add(1),
    pace: (executionId, wantedMs) => {
      followers.follow(executionId, wantedMs, clock.now());
      return followers.intervalMs(callsPerSecond * POLLS_SHARE, clock.now());
    },
  };
}

/** Retry after: at least a second, the smallest value that callers can use. */
export const tooLong = (waitMs: number): Turn => ({
  ok: false,
  retryAfterSeconds: Math.max(1, Math.ceil(Math.min(waitMs, 60_000) / 1000)),
});

/** One budget for each name, made on first use. The caller bounds the number of names. */
export function createCallBudgets(make: (name: string) => CallBudget): (name: string) => CallBudget {
  const budgets = new Map<string, CallBudget>();
  return (name) => {
    const known = budgets.get(name);
    if (known) return known;
    const made = make(name);
    budgets.set(name, made);
    return made;
  };
}
