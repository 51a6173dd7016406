/**
 * Makes a source use call budgets: each call waits until the budget permits it, and the budget sets the
 * interval between polls.
 */
import type { Result, SourceFailure } from '../../core/errors.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import type { CallOptions, Source } from '../source.ts';
import type { CallBudget } from './call-budget.ts';
import { withPermit } from './with-permit.ts';

/**
 * Wraps a source so that its calls use budgets. `budgetFor` returns the budget for an execution's calls, or
 * undefined if the source refuses the execution without making a call.
 */
export function withCallBudget(
  source: Source,
  budgetFor: (ref: ExecutionRef) => CallBudget | undefined,
): Source {
  const budgeted = <T>(
    ref: ExecutionRef,
    options: CallOptions,
    call: (options: CallOptions) => Promise<Result<T, SourceFailure>>,
  ) => withPermit({ budget: budgetFor(ref), about: ref.executionId, source: source.name }, options, call);

  const { describe } = source;
  return {
    ...source,
    page: (ref, token, limit, options) =>
      budgeted(ref, options, (counted) => source.page(ref, token, limit, counted)),
    ...(describe && {
      describe: (ref, options, parts) => budgeted(ref, options, (counted) => describe(ref, counted, parts)),
    }),
    raisePriority: (ref, origin) => budgetFor(ref)?.raisePriority(ref.executionId, origin),
    pace: (ref, wantedMs, tenants) => budgetFor(ref)?.pace(ref.executionId, wantedMs, tenants) ?? wantedMs,
  };
}
