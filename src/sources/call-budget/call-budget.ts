/**
 * A budget of calls that many executions share: AWS counts calls per account and region, whoever makes them. The port, the
 * budget of one process, and the choice of the budget that an execution belongs to. On Workers the budget of an isolate is
 * call-budget-shared.ts's; a source takes from a budget by call-budget-source.ts.
 *
 * A budget does two things. It tells each execution that is followed how far apart its polls must be for all to get their
 * turn, so that nobody has to be turned away. And since readers come on top, it lets nobody call out of turn.
 */
import type { Clock } from '../../core/clock.ts';
import { Followers } from './pacing.ts';
import { CallBucket } from './bucket.ts';

/** Below AWS's 20, so that others in the account have some too, and a clock that is a bit fast does no harm. */
export const CALLS_PER_SECOND = 15;
/** Below AWS's 400: for many first pages at once, and for walks through long histories. */
export const CALLS_AT_ONCE = 100;
/** Of the calls per second; the rest is for readers, who come unasked. */
export const POLLS_SHARE = 0.9;
/** Who has to wait longer for a turn is sent away; an execution that polls keeps its subscribers and comes back. */
export const TURN_MS_MAX = 10_000;

export type Turn =
  | { readonly ok: true; readonly waitedMs: number }
  | { readonly ok: false; readonly retryAfterSeconds: number };

export interface CallBudget {
  /** Waits until one call may be made, or says when to come again. A `signal` that aborts ends the wait with the latter. */
  take(signal?: AbortSignal): Promise<Turn>;
  /** A call that was made without asking, such as a retry: the next ones wait for it. */
  spent(): void;
  /** A turn that no call was made with. */
  giveBack(): void;
  /**
   * How far apart polls must be at the least, told that this execution would be polled every `wantedMs`. To be asked again
   * at each poll: who isn't heard of for a while counts no more.
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

/** How long to stay away: at least a second, so that the answer can be heeded. */
export const tooLong = (waitMs: number): Turn => ({
  ok: false,
  retryAfterSeconds: Math.max(1, Math.ceil(Math.min(waitMs, 60_000) / 1000)),
});

/** One budget for each name, made when it is first asked for. The names must be bounded by the caller. */
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
