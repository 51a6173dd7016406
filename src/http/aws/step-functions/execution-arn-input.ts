/** Parses the member `executionArn`, and checks that the caller may read that execution. */
import { EXECUTION_ARN_CHARACTERS_MAX } from '../../../core/execution-arn.ts';
import { type ExecutionRef, STEP_FUNCTIONS } from '../../../core/execution-ref.ts';
import { readExecutionId } from '../../../messages/execution-id.ts';
import { type AwsResult, refused } from '../aws-answer.ts';
import type { AwsCall } from '../aws-operation.ts';
import { authorizeExecution } from '../authorize-execution.ts';

export function readExecutionArn(call: AwsCall, given: string | null | undefined): AwsResult<ExecutionRef> {
  if (given == null || given === '') return refused('ValidationException', 'executionArn: must be given.');
  if (given.length > EXECUTION_ARN_CHARACTERS_MAX) {
    const rule = `must be at most ${EXECUTION_ARN_CHARACTERS_MAX} characters`;
    return refused('ValidationException', `executionArn: ${rule}: it has ${given.length}.`);
  }
  const ref = readExecutionId(given);
  if (!ref.ok) return refused('InvalidArn', `Invalid Arn: executionArn ${ref.failure}`);
  if (ref.value.source !== STEP_FUNCTIONS) {
    return refused(
      'InvalidArn',
      'Invalid Arn: executionArn is not the ARN of an execution of Step Functions. Executions of Things Graph are read with ' +
        'ListFlowExecutionMessages.',
    );
  }
  return authorizeExecution(call, ref.value);
}
