/**
 * How a Step Functions event becomes a message: one event, one message, none made up, none dropped. The type comes from a
 * table that is complete by type; the payload is the event itself as compact JSON, so that nothing of it is lost.
 *
 * Types: HistoryEventType of botocore's model stepfunctions/2016-11-23 (1.43.67). No I/O, no clock.
 */
import type { EventType, UpstreamEventType } from '../../messages/event-types.ts';
import type { Message } from '../../messages/message.ts';
import { isoFromEpochSeconds } from '../../messages/timestamp.ts';

/** The Things Graph type for each. A type that is in the list but not in this table does not compile. */
const EVENT_TYPE_OF: Readonly<Record<UpstreamEventType, EventType>> = {
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
};

const KNOWN: ReadonlyMap<string, EventType> = new Map(Object.entries(EVENT_TYPE_OF));

/** The service integration for things: its tasks are thing actions. */
const THING_RESOURCE_TYPE = 'aws-sdk:iotdataplane';

/** An event on the wire. It also has at most one member of details, named after its type. */
export interface HistoryEvent {
  readonly type: string;
  /** From 1, dense. */
  readonly id: number;
  /** The event that led to this one; 0: none. Together they are a tree, not a line. */
  readonly previousEventId?: number | null | undefined;
  /** Epoch seconds. */
  readonly timestamp?: number | null | undefined;
  readonly [details: string]: unknown;
}

/** The type of the message for an event of this type, with the `resourceType` of its details. */
export function eventTypeOf(type: string, resourceType?: unknown): EventType {
  const general = KNOWN.get(type) ?? futureType(type);
  if (!type.startsWith('Task') || resourceType !== THING_RESOURCE_TYPE) return general;
  if (general === 'ACTIVITY_FAILED') return 'THING_ACTION_TASK_FAILED';
  return general === 'ACTIVITY_SUCCEEDED' ? 'THING_ACTION_TASK_SUCCEEDED' : 'THING_ACTION_TASK';
}

/** AWS adds types. A new one must never count as the end of the execution. */
const futureType = (type: string): EventType =>
  /(?:Failed|Aborted|TimedOut)$/.test(type) ? 'ACTIVITY_FAILED' : 'SCHEDULE_NEXT_READY_STEPS_TASK';

/** Undefined if the timestamp is not a time. */
export function messageOfEvent(event: HistoryEvent): Message | undefined {
  const { type, id, previousEventId, timestamp, ...rest } = event;
  const iso = timestamp == null ? undefined : isoFromEpochSeconds(timestamp);
  if (timestamp != null && iso === undefined) return undefined;
  const own = { type, id, ...(previousEventId != null && { previousEventId }) };
  const details = detailsOf(rest, own);
  return {
    messageId: String(id),
    eventType: eventTypeOf(type, details['resourceType']),
    ...(iso !== undefined && { timestamp: iso }),
    // Strings inside stay strings, also if they contain JSON.
    payload: JSON.stringify({ ...own, ...details }),
  };
}

/** The members of the details, beside the event's own. Details that would overwrite one of these stay nested. */
function detailsOf(
  rest: Readonly<Record<string, unknown>>,
  own: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const named = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined);
  const [name, details] = named[0] ?? [];
  if (named.length !== 1 || !name?.endsWith('EventDetails') || !isRecord(details)) {
    return Object.fromEntries(named);
  }
  return Object.keys(details).some((member) => Object.hasOwn(own, member)) ? { [name]: details } : details;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
