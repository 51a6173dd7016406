/** Makes one call within a budget. The call waits for a permit, and the budget counts its retries, too. */
import { fail, type Result, type SourceFailure } from '../../core/errors.ts';
import type { CallOptions } from '../source.ts';
import type { CallBudget, Permit } from './call-budget.ts';

export interface PermittedCall {
  /** Undefined if the source refuses the call without sending it. */
  readonly budget: CallBudget | undefined;
  /** The subject of the call, for `raisePriority`: an execution's id or a list's name. */
  readonly about: string;
  /** The name of the source, for the log. */
  readonly source: string;
}

export async function withPermit<T>(
  { budget, about, source }: PermittedCall,
  options: CallOptions,
  call: (options: CallOptions) => Promise<Result<T, SourceFailure>>,
): Promise<Result<T, SourceFailure>> {
  if (!budget) return call(options);
  const { origin, signal, onAttempt } = options;
  const permit = await budget.take(about, origin, signal);
  if (!permit.ok) return fail(refusedPermit(source, permit));
  let attempts = 0;
  const counted = () => {
    // The permit covers the first attempt. The upstream counts retries, too.
    if (attempts++ > 0) budget.spent(origin);
    onAttempt?.();
  };
  const result = await call({ ...options, onAttempt: counted });
  if (attempts === 0) budget.giveBack();
  return result;
}

const refusedPermit = (
  source: string,
  { because, retryAfterSeconds }: Extract<Permit, { ok: false }>,
): SourceFailure => ({
  type: because === 'share-exceeded' ? 'upstream-share-exceeded' : 'upstream-throttled',
  internal: `${source}: no permit within the call budget`,
  retryAfterSeconds,
});
