/** A source that keeps within a budget: each call takes its turn, and polls are as far apart as the budget says. */
import { fail, type Result, type SourceFailure } from '../../core/errors.ts';
import type { CallBudget } from './call-budget.ts';
import type { Source } from '../source.ts';

/**
 * The same source within budgets. `budgetFor` names the one that an execution's calls count against; undefined: none, since
 * no call is made for it.
 */
export function withCallBudget(
  source: Source,
  budgetFor: (executionId: string) => CallBudget | undefined,
): Source {
  async function inTurn<T>(
    executionId: string,
    signal: AbortSignal | undefined,
    onAttempt: (() => void) | undefined,
    call: (onAttempt: () => void) => Promise<Result<T, SourceFailure>>,
  ): Promise<Result<T, SourceFailure>> {
    const budget = budgetFor(executionId);
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
    page: (executionId, token, limit, signal, onAttempt) =>
      inTurn(executionId, signal, onAttempt, (counted) =>
        source.page(executionId, token, limit, signal, counted),
      ),
    ...(describe && {
      describe: (executionId, signal, onAttempt) =>
        inTurn(executionId, signal, onAttempt, (counted) => describe(executionId, signal, counted)),
    }),
    pace: (executionId, wantedMs) => budgetFor(executionId)?.pace(executionId, wantedMs) ?? 0,
  };
}
