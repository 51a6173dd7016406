/** A source within a call budget: each call waits for its turn, and the budget sets the interval between polls. */
import { fail, type Result, type SourceFailure } from '../../core/errors.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import type { CallOptions, Source } from '../source.ts';
import type { CallBudget, Permit } from './call-budget.ts';

/**
 * The same source within budgets. `budgetFor` returns the budget of an execution's calls; undefined if the source refuses the
 * execution without a call.
 */
export function withCallBudget(
  source: Source,
  budgetFor: (ref: ExecutionRef) => CallBudget | undefined,
): Source {
  async function withPermit<T>(
    ref: ExecutionRef,
    options: CallOptions,
    call: (options: CallOptions) => Promise<Result<T, SourceFailure>>,
  ): Promise<Result<T, SourceFailure>> {
    const budget = budgetFor(ref);
    if (!budget) return call(options);
    const { origin, signal, onAttempt } = options;
    const permit = await budget.take(ref.executionId, origin, signal);
    if (!permit.ok) return fail(refusedPermit(source, permit));
    let attempts = 0;
    const counted = () => {
      // The turn covers the first attempt. The upstream counts retries, too.
      if (attempts++ > 0) budget.spent(origin);
      onAttempt?.();
    };
    const result = await call({ ...options, onAttempt: counted });
    if (attempts === 0) budget.giveBack();
    return result;
  }

  const { describe } = source;
  return {
    ...source,
    page: (ref, token, limit, options) =>
      withPermit(ref, options, (counted) => source.page(ref, token, limit, counted)),
    ...(describe && {
      describe: (ref, options) => withPermit(ref, options, (counted) => describe(ref, counted)),
    }),
    hurry: (ref, origin) => budgetFor(ref)?.hurry(ref.executionId, origin),
    pace: (ref, wantedMs, tenants) => budgetFor(ref)?.pace(ref.executionId, wantedMs, tenants) ?? wantedMs,
  };
}

const refusedPermit = (
  source: Source,
  { because, retryAfterSeconds }: Extract<Permit, { ok: false }>,
): SourceFailure => ({
  type: because === 'share-exceeded' ? 'upstream-share-exceeded' : 'upstream-throttled',
  internal: `${source.name}: no turn within the call budget`,
  retryAfterSeconds,
});
