/** What a client gets when the upstream refuses a list: the exceptions of ListExecutions in botocore's model stepfunctions/2016-11-23. */
import { type Failure, fail } from '../../../core/errors.ts';
import type { ListOf } from '../../../lists/lists.ts';
import { type AwsResult, refused } from '../aws-answer.ts';

export function listFailure(
  of: ListOf,
  arn: string,
  failure: Failure,
): Extract<AwsResult<never>, { ok: false }> {
  const isMachine = 'flow' in of;
  if (failure.type === 'upstream-not-found') {
    return isMachine
      ? refused('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`)
      : refused('ResourceNotFound', `Map Run Does Not Exist: '${arn}'`);
  }
  if (failure.type === 'upstream-invalid-request' && failure.awsCode === 'StateMachineTypeNotSupported') {
    return refused(
      'StateMachineTypeNotSupported',
      'The executions of an EXPRESS state machine cannot be listed. Look in its CloudWatch logs.',
    );
  }
  return fail(failure);
}
