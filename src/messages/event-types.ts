/**
 * The event types of messages, in both vocabularies, and the status that follows from an execution's last
 * message.
 */

/** The event types of AWS IoT Things Graph (FlowExecutionEventType). */
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

/**
 * The event types of Step Functions (HistoryEventType of botocore's model stepfunctions/2016-11-23), and the
 * Things Graph type that matches each best.
 */
export const EVENT_TYPE_OF_UPSTREAM = {
  ExecutionStarted: 'EXECUTION_STARTED',
  ExecutionSucceeded: 'EXECUTION_SUCCEEDED',
  ExecutionFailed: 'EXECUTION_FAILED',
  ExecutionTimedOut: 'EXECUTION_FAILED',
  ExecutionAborted: 'EXECUTION_ABORTED',
  ExecutionRedriven: 'START_FLOW_EXECUTION_TASK',
  PassStateEntered: 'STEP_STARTED',
  TaskStateEntered: 'STEP_STARTED',
  ChoiceStateEntered: 'STEP_STARTED',
  WaitStateEntered: 'STEP_STARTED',
  SucceedStateEntered: 'STEP_STARTED',
  ParallelStateEntered: 'STEP_STARTED',
  MapStateEntered: 'STEP_STARTED',
  MapIterationStarted: 'STEP_STARTED',
  PassStateExited: 'STEP_SUCCEEDED',
  TaskStateExited: 'STEP_SUCCEEDED',
  ChoiceStateExited: 'STEP_SUCCEEDED',
  WaitStateExited: 'STEP_SUCCEEDED',
  SucceedStateExited: 'STEP_SUCCEEDED',
  ParallelStateExited: 'STEP_SUCCEEDED',
  MapStateExited: 'STEP_SUCCEEDED',
  MapIterationSucceeded: 'STEP_SUCCEEDED',
  FailStateEntered: 'STEP_FAILED',
  TaskStateAborted: 'STEP_FAILED',
  WaitStateAborted: 'STEP_FAILED',
  ParallelStateAborted: 'STEP_FAILED',
  ParallelStateFailed: 'STEP_FAILED',
  MapStateAborted: 'STEP_FAILED',
  MapStateFailed: 'STEP_FAILED',
  MapIterationAborted: 'STEP_FAILED',
  MapIterationFailed: 'STEP_FAILED',
  EvaluationFailed: 'STEP_FAILED',
  ActivityScheduled: 'ACTIVITY_SCHEDULED',
  LambdaFunctionScheduled: 'ACTIVITY_SCHEDULED',
  TaskScheduled: 'ACTIVITY_SCHEDULED',
  ActivityStarted: 'ACTIVITY_STARTED',
  LambdaFunctionStarted: 'ACTIVITY_STARTED',
  TaskStarted: 'ACTIVITY_STARTED',
  MapRunStarted: 'ACTIVITY_STARTED',
  MapRunRedriven: 'ACTIVITY_STARTED',
  ActivitySucceeded: 'ACTIVITY_SUCCEEDED',
  LambdaFunctionSucceeded: 'ACTIVITY_SUCCEEDED',
  TaskSucceeded: 'ACTIVITY_SUCCEEDED',
  MapRunSucceeded: 'ACTIVITY_SUCCEEDED',
  ActivityFailed: 'ACTIVITY_FAILED',
  ActivityScheduleFailed: 'ACTIVITY_FAILED',
  ActivityTimedOut: 'ACTIVITY_FAILED',
  LambdaFunctionFailed: 'ACTIVITY_FAILED',
  LambdaFunctionScheduleFailed: 'ACTIVITY_FAILED',
  LambdaFunctionStartFailed: 'ACTIVITY_FAILED',
  LambdaFunctionTimedOut: 'ACTIVITY_FAILED',
  TaskFailed: 'ACTIVITY_FAILED',
  TaskStartFailed: 'ACTIVITY_FAILED',
  TaskSubmitFailed: 'ACTIVITY_FAILED',
  TaskTimedOut: 'ACTIVITY_FAILED',
  MapRunFailed: 'ACTIVITY_FAILED',
  MapRunAborted: 'ACTIVITY_FAILED',
  TaskSubmitted: 'ACKNOWLEDGE_TASK_MESSAGE',
  MapStateStarted: 'SCHEDULE_NEXT_READY_STEPS_TASK',
  MapStateSucceeded: 'SCHEDULE_NEXT_READY_STEPS_TASK',
  ParallelStateStarted: 'SCHEDULE_NEXT_READY_STEPS_TASK',
  ParallelStateSucceeded: 'SCHEDULE_NEXT_READY_STEPS_TASK',
} as const satisfies Readonly<Record<string, EventType>>;

export type UpstreamEventType = keyof typeof EVENT_TYPE_OF_UPSTREAM;
// Safety: these are the keys of the table.
export const UPSTREAM_EVENT_TYPES = Object.keys(EVENT_TYPE_OF_UPSTREAM) as UpstreamEventType[];

export const STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'ABORTED'] as const;
export type Status = (typeof STATUSES)[number];

const TERMINAL: ReadonlyMap<string, Exclude<Status, 'RUNNING'>> = new Map([
  ['EXECUTION_SUCCEEDED', 'SUCCEEDED'],
  ['EXECUTION_FAILED', 'FAILED'],
  ['EXECUTION_ABORTED', 'ABORTED'],
]);

/**
 * Returns the status of an execution whose last message has this type. Earlier terminal messages do not
 * count, because a redrive might have followed.
 */
export const statusAfter = (eventType: string | undefined): Status =>
  TERMINAL.get(eventType ?? '') ?? 'RUNNING';

/** The types of terminal messages. */
export const TERMINAL_TYPES: readonly string[] = [...TERMINAL.keys()];

/** True if a message of this type reports that something failed or was aborted. */
export const isFailure = (eventType: string): boolean => /_(?:FAILED|ABORTED)$/.test(eventType);

/** Like `isFailure`, for types of Step Functions. Also works for types that AWS may add. */
export const isUpstreamFailure = (upstreamType: string): boolean =>
  /(?:Failed|TimedOut|Aborted)$/.test(upstreamType);
