/** The operations of AWS Step Functions that Flowtap does not support: all that write, and some that read. */
import type { AwsException } from '../../../problems/aws-exceptions.ts';

/** Names from the model stepfunctions/2016-11-23 of botocore 1.43.67. */
const LEFT_OUT: ReadonlySet<string> = new Set(
  (
    'CreateActivity CreateStateMachine CreateStateMachineAlias DeleteActivity DeleteStateMachine DeleteStateMachineAlias ' +
    'DeleteStateMachineVersion DescribeActivity DescribeMapRun DescribeStateMachine DescribeStateMachineAlias ' +
    'DescribeStateMachineForExecution GetActivityTask ListActivities ListMapRuns ListStateMachineAliases ' +
    'ListStateMachineVersions ListTagsForResource PublishStateMachineVersion RedriveExecution SendTaskFailure ' +
    'SendTaskHeartbeat SendTaskSuccess StartExecution StartSyncExecution StopExecution TagResource TestState UntagResource ' +
    'UpdateMapRun UpdateStateMachine UpdateStateMachineAlias ValidateStateMachineDefinition'
  ).split(' '),
);

/**
 * Returns a function that gives the exception for an operation in LEFT_OUT, or undefined for any other
 * operation. AWS clients do not retry AccessDeniedException.
 */
export const leftOutOperation =
  (answered: Iterable<string>) =>
  (operation: string): AwsException | undefined =>
    LEFT_OUT.has(operation)
      ? {
          name: 'AccessDeniedException',
          message:
            `${operation} is not available here: this endpoint is read-only. It answers ${[...answered].join(', ')}. ` +
            'Call AWS itself for anything else.',
        }
      : undefined;
