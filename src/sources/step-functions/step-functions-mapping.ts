/**
 * Turns Step Functions events into messages: each event becomes exactly one message. The message type comes
 * from a table; the type checker ensures that the table has all event types. The payload is the event itself
 * as compact JSON, so that nothing is lost.
 *
 * The event types are HistoryEventType in botocore's model stepfunctions/2016-11-23 (1.43.67). No I/O, no
 * clock.
 */
import { isUpstreamFailure } from '../../messages/event-types.ts';
import { EVENT_TYPE_OF_UPSTREAM, type EventType } from '../../messages/event-types.ts';
import type { Message } from '../../messages/message.ts';
import { isoFromEpochSeconds } from '../../messages/timestamp.ts';
import { eventShapeOf } from './step-functions-event.ts';

const KNOWN: ReadonlyMap<string, EventType> = new Map(Object.entries(EVENT_TYPE_OF_UPSTREAM));

/** The service integration for AWS IoT things. Its tasks become thing action messages. */
const THING_RESOURCE_TYPE = 'aws-sdk:iotdataplane';

/**
 * An event on the wire. Besides these members it has at most one member with details, named after its type.
 */
export interface HistoryEvent {
  readonly type: string;
  /** Consecutive, from 1. */
  readonly id: number;
  /**
   * The id of the event that led to this one, or 0 if none did. Several events can name the same one, so a
   * history is a tree.
   */
  readonly previousEventId?: number | null | undefined;
  /** Epoch seconds. */
  readonly timestamp?: number | null | undefined;
  readonly [details: string]: unknown;
}

/** The message type for an event type. It also depends on the `resourceType` in the event's details. */
export function eventTypeOf(type: string, resourceType?: unknown): EventType {
  const general = KNOWN.get(type) ?? futureType(type);
  if (!type.startsWith('Task') || resourceType !== THING_RESOURCE_TYPE) return general;
  if (general === 'ACTIVITY_FAILED') return 'THING_ACTION_TASK_FAILED';
  return general === 'ACTIVITY_SUCCEEDED' ? 'THING_ACTION_TASK_SUCCEEDED' : 'THING_ACTION_TASK';
}

/**
 * The message type for an event type that AWS has added. Such a message must never count as the end of the
 * execution.
 */
const futureType = (type: string): EventType =>
  isUpstreamFailure(type) ? 'ACTIVITY_FAILED' : 'SCHEDULE_NEXT_READY_STEPS_TASK';

/** Undefined if the event's timestamp is impossible. */
export function messageOfEvent(event: HistoryEvent): Message | undefined {
  const { type, id, previousEventId, timestamp, ...rest } = event;
  const iso = timestamp == null ? undefined : isoFromEpochSeconds(timestamp);
  if (timestamp != null && iso === undefined) return undefined;
  const own = { type, id, ...(previousEventId != null && { previousEventId }) };
  const { name, details } = detailsOf(rest, own);
  const eventShape = eventShapeOf(event, name, details);
  return {
    messageId: String(id),
    eventType: eventTypeOf(type, details['resourceType']),
    ...(iso !== undefined && { timestamp: iso }),
    // Strings in the event stay strings, even if they contain JSON.
    payload: JSON.stringify({ ...own, ...details }),
    ...(eventShape && { eventShape }),
  };
}

/**
 * Returns the members to merge with the event's own members, and the name of the details member that
 * contained them. Details that would overwrite one of the event's own members stay nested.
 */
function detailsOf(
  rest: Readonly<Record<string, unknown>>,
  own: Readonly<Record<string, unknown>>,
): { readonly name?: string; readonly details: Readonly<Record<string, unknown>> } {
  const named = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined);
  const [name, details] = named[0] ?? [];
  if (named.length !== 1 || !name?.endsWith('EventDetails') || !isRecord(details)) {
    return { details: Object.fromEntries(named) };
  }
  const isNested = Object.keys(details).some((member) => Object.hasOwn(own, member));
  return isNested ? { details: { [name]: details } } : { name, details };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
