/** A source that keeps within a budget: each call takes its turn, and polls are as far apart as the budget says. */
import { fail, type Result, type SourceFailure } from '../../core/errors.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import type { CallBudget } from './call-budget.ts';
import type { Source } from '../source.ts';

/**
 * The same source within budgets. `budgetFor` names the one that an execution's calls count against; undefined: none, since
 * no call is made for it.
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
      // The turn is for the first; the upstream counts retries, too.
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
