/** Adds to "not found" the id or the flow that was looked up, in all protocols: a typo such as `…/message` is part of it. */
import { type Result, fail } from '../core/errors.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import type { ListOf } from '../lists/lists.ts';

export function withFlow<T>(of: ListOf, result: Result<T>): Result<T> {
  if (result.ok || result.failure.type !== 'upstream-not-found' || !('flow' in of)) return result;
  return fail({ ...result.failure, flow: of.flow.flow });
}

export function withExecutionId<T>({ executionId }: ExecutionRef, result: Result<T>): Result<T> {
  if (result.ok || result.failure.type !== 'upstream-not-found') return result;
  return fail({ ...result.failure, executionId });
}
