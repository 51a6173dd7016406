/**
 * Adds to a "not found" failure what was looked up, in all protocols. This makes typos visible: if a path
 * ends in `…/message` instead of `…/messages`, the failure shows that `/message` was taken as part of the id.
 */
import { type Result, fail } from '../core/errors.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import type { ListOf } from '../lists/lists.ts';

export function withList<T>(of: ListOf, result: Result<T>): Result<T> {
  if (result.ok || result.failure.type !== 'upstream-not-found') return result;
  return fail({
    ...result.failure,
    ...('flow' in of && { flow: of.flow.flow }),
    ...('mapRunArn' in of && { mapRun: of.mapRunArn }),
  });
}

export function withExecutionId<T>({ executionId }: ExecutionRef, result: Result<T>): Result<T> {
  if (result.ok || result.failure.type !== 'upstream-not-found') return result;
  return fail({ ...result.failure, executionId });
}
