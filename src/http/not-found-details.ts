/**
 * Adds to "not found" the id or the flow that was looked up, in all protocols: a typo such as `…/message` is part of it. A flow that the
 * upstream refuses to list is named, too.
 */
import { type Result, fail, invalid } from '../core/errors.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import type { ListOf } from '../lists/lists.ts';

export function withFlow<T>(of: ListOf, result: Result<T>): Result<T> {
  if (result.ok || !('flow' in of)) return result;
  if (result.failure.type === 'upstream-invalid-request') {
    return invalid(
      'query',
      'flow',
      'is a flow whose executions the upstream does not list. Step Functions lists those of STANDARD state machines only.',
    );
  }
  if (result.failure.type !== 'upstream-not-found') return result;
  return fail({ ...result.failure, flow: of.flow.flow });
}

export function withExecutionId<T>({ executionId }: ExecutionRef, result: Result<T>): Result<T> {
  if (result.ok || result.failure.type !== 'upstream-not-found') return result;
  return fail({ ...result.failure, executionId });
}
