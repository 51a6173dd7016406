/** Adds to "not found" the id that was looked up, in both protocols: a typo such as `…/message` is part of it. */
import { type Result, fail } from '../core/errors.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';

export function withExecutionId<T>({ executionId }: ExecutionRef, result: Result<T>): Result<T> {
  if (result.ok || result.failure.type !== 'upstream-not-found') return result;
  return fail({ ...result.failure, executionId });
}
