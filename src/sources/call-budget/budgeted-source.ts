/** A source within a call budget: each call waits for its turn, and the budget sets the interval between polls. */
import { fail, type Result, type SourceFailure } from '../../core/errors.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import type { CallBudget } from './call-budget.ts';
import type { Source } from '../source.ts';

/**
 * The same source within budgets. `budgetFor` returns the budget of an execution's calls; undefined if the source refuses the
 * execution without a call.
 */
export function withCallBudget(
  source: Source,
  budgetFor: (ref: ExecutionRef) => CallBudget | undefined,
): Source {
  async function inTurn<T>(
    ref: ExecutionRef,
    signal: AbortSignal | undefined,
    onAttempt: (() => void) | undefined,
    call: (onAttempt: () => void) => Promise<Result<T, SourceFailure>>,
  ): Promise<Result<T, SourceFailure>> {
    const budget = budgetFor(ref);
    const turn = await budget?.take(signal);
    if (turn && !turn.ok) {
      const { retryAfterSeconds } = turn;
      const internal = `${source.name}: no turn within the call budget`;
      return fail({ type: 'upstream-throttled', internal, retryAfterSeconds });
    }
    let attempts = 0;
    const result = await call(() => {
      // The turn covers the first attempt. The upstream counts retries, too.
      if (attempts++ > 0) budget?.spent();
      onAttempt?.();
    });
    if (attempts === 0) budget?.giveBack();
    return result;
  }

  const { describe } = source;
  return {
    ...source,
    page: (ref, token, limit, signal, onAttempt) =>
      inTurn(ref, signal, onAttempt, (counted) => source.page(ref, token, limit, signal, counted)),
    ...(describe && {
      describe: (ref, signal, onAttempt) =>
        inTurn(ref, signal, onAttempt, (counted) => describe(ref, signal, counted)),
    }),
    pace: (ref, wantedMs) => budgetFor(ref)?.pace(ref.executionId, wantedMs) ?? 0,
  };
}
