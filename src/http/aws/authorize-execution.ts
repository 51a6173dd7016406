/**
 * Checks that the caller may read the execution that an AWS operation names. The execution is named in the
 * body, which is read only after authentication. So this check is separate from authentication. It must come
 * before any part of the execution is read (invariant 5).
 */
import { authorize } from '../../access/caller.ts';
import { type Result, ok } from '../../core/errors.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import type { AwsCall } from './aws-operation.ts';

export function authorizeExecution(
  { caller, exchange: { facts } }: AwsCall,
  ref: ExecutionRef,
): Result<ExecutionRef> {
  const authorized = authorize(caller, ref.executionId);
  if (!authorized.ok) return authorized;
  facts.execution = ref.executionId;
  facts.source = ref.source;
  return ok(ref);
}
