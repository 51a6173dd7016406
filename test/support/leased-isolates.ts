/**
 * Isolates that lease parts of one call budget, as on Workers. Does in one process what the budget's Durable Object
 * (src/sources/call-budget/budget-object.ts) and the isolates do on Workers, but stores no leases.
 */
import type { Clock } from '../../src/core/clock.ts';
import type { CallBudget, CallLimits } from '../../src/sources/call-budget/call-budget.ts';
import { createLeasedBudget } from '../../src/sources/call-budget/leased-budget.ts';
import { Leases, type LeaseGrant, type LeaseRequest } from '../../src/sources/call-budget/leases.ts';
import { testLog } from './secret-search.ts';

export interface LeasedIsolatesOptions {
  readonly clock: Clock;
  readonly limits: CallLimits;
  /** The number of isolates. Default: 1. */
  readonly isolates?: number;
  /** How long each lease request takes. Default: 0. */
  readonly answerMs?: number;
  /** Replaces the object's answer to lease requests. If it throws, the request fails. */
  readonly answer?: () => LeaseGrant;
}

export interface LeasedIsolates {
  /** The budget of each isolate. */
  readonly budgets: readonly CallBudget[];
  /** The budget of isolate `n` modulo the number of isolates. */
  readonly budgetOf: (n: number) => CallBudget;
  /** The number of lease requests so far. */
  readonly requests: number;
}

export function leasedIsolates(options: LeasedIsolatesOptions): LeasedIsolates {
  const { clock, limits, isolates = 1, answerMs = 0, answer } = options;
  const leases = new Leases({ nowMs: clock.now(), limits });
  let requests = 0;
  const ask = async (request: LeaseRequest): Promise<LeaseGrant> => {
    requests++;
    if (answerMs > 0) await clock.sleep(answerMs);
    return answer ? answer() : leases.renew(request, clock.now()).grant;
  };
  const budgets = Array.from({ length: isolates }, (_, n) =>
    createLeasedBudget({ holder: `isolate-${n}`, limits, ask, clock, log: testLog() }),
  );
  return {
    budgets,
    budgetOf: (n) => {
      const budget = budgets[n % isolates];
      if (!budget) throw new RangeError(`There is no isolate ${n}`);
      return budget;
    },
    get requests() {
      return requests;
    },
  };
}
