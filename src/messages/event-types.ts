/** The event types of messages, in both vocabularies, and what they say about an execution. */

/** Those of AWS IoT Things Graph (FlowExecutionEventType). */
export const EVENT_TYPES = [
  'EXECUTION_STARTED',
  'EXECUTION_FAILED',
  'EXECUTION_ABORTED',
  'EXECUTION_SUCCEEDED',
  'STEP_STARTED',
  'STEP_FAILED',
  'STEP_SUCCEEDED',
  'ACTIVITY_SCHEDULED',
  'ACTIVITY_STARTED',
  'ACTIVITY_FAILED',
  'ACTIVITY_SUCCEEDED',
  'START_FLOW_EXECUTION_TASK',
  'SCHEDULE_NEXT_READY_STEPS_TASK',
  'THING_ACTION_TASK',
  'THING_ACTION_TASK_FAILED',
  'THING_ACTION_TASK_SUCCEEDED',
  'ACKNOWLEDGE_TASK_MESSAGE',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** The event types of Step Functions (HistoryEventType of botocore's model stepfunctions/2016-11-23), in the model's order. */
export const UPSTREAM_EVENT_TYPES = [
  'ActivityFailed',
  'ActivityScheduled',
  'ActivityScheduleFailed',
  'ActivityStarted',
  'ActivitySucceeded',
  'ActivityTimedOut',
  'ChoiceStateEntered',
  'ChoiceStateExited',
  'ExecutionAborted',
  'ExecutionFailed',
  'ExecutionStarted',
  'ExecutionSucceeded',
  'ExecutionTimedOut',
  'FailStateEntered',
  'LambdaFunctionFailed',
  'LambdaFunctionScheduled',
  'LambdaFunctionScheduleFailed',
  'LambdaFunctionStarted',
  'LambdaFunctionStartFailed',
  'LambdaFunctionSucceeded',
  'LambdaFunctionTimedOut',
  'MapIterationAborted',
  'MapIterationFailed',
  'MapIterationStarted',
  'MapIterationSucceeded',
  'MapStateAborted',
  'MapStateEntered',
  'MapStateExited',
  'MapStateFailed',
  'MapStateStarted',
  'MapStateSucceeded',
  'ParallelStateAborted',
  'ParallelStateEntered',
  'ParallelStateExited',
  'ParallelStateFailed',
  'ParallelStateStarted',
  'ParallelStateSucceeded',
  'PassStateEntered',
  'PassStateExited',
  'SucceedStateEntered',
  'SucceedStateExited',
  'TaskFailed',
  'TaskScheduled',
  'TaskStarted',
  'TaskStartFailed',
  'TaskStateAborted',
  'TaskStateEntered',
  'TaskStateExited',
  'TaskSubmitFailed',
  'TaskSubmitted',
  'TaskSucceeded',
  'TaskTimedOut',
  'WaitStateAborted',
  'WaitStateEntered',
  'WaitStateExited',
  'MapRunAborted',
  'MapRunFailed',
  'MapRunStarted',
  'MapRunSucceeded',
  'ExecutionRedriven',
  'MapRunRedriven',
  'EvaluationFailed',
] as const;

export type UpstreamEventType = (typeof UPSTREAM_EVENT_TYPES)[number];

export const STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'ABORTED'] as const;
export type Status = (typeof STATUSES)[number];

const TERMINAL: ReadonlyMap<string, Exclude<Status, 'RUNNING'>> = new Map([
  ['EXECUTION_SUCCEEDED', 'SUCCEEDED'],
  ['EXECUTION_FAILED', 'FAILED'],
  ['EXECUTION_ABORTED', 'ABORTED'],
]);

/** The status of an execution whose history ends with this type. Only the last message counts: a redrive may follow any. */
export const statusAfter = (eventType: string | undefined): Status =>
  TERMINAL.get(eventType ?? '') ?? 'RUNNING';
