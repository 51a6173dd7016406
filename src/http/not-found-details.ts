/** Adds to "not found" what was looked up, in all protocols: a typo such as `…/message` is part of it. */
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
