/**
 * Restores the exact event from which a message was made (step-functions-mapping.ts). The payload has all
 * values. Usually, the event's type determines how these values were nested. If it does not, the message's
 * `eventShape` records the nesting.
 */
import { EVENT_TYPE_OF_UPSTREAM } from '../../messages/event-types.ts';
import type { EventShape, Message } from '../../messages/message.ts';
import { epochSecondsFromIso } from '../../messages/timestamp.ts';
import { eventInPayload } from './step-functions-payload.ts';

/** The name of the member with an event's details, according to AWS's model. */
function detailsNameOf(type: string): string {
  if (type.endsWith('StateEntered')) return 'stateEnteredEventDetails';
  if (type.endsWith('StateExited')) return 'stateExitedEventDetails';
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}

/**
 * Event types without details in AWS's model. Events of all other types of the model have a details member,
 * even if it is empty.
 */
const WITHOUT_DETAILS: ReadonlySet<string> = new Set([
  'LambdaFunctionStarted',
  'MapRunAborted',
  'MapRunSucceeded',
  'MapStateAborted',
  'MapStateFailed',
  'MapStateSucceeded',
  'ParallelStateAborted',
  'ParallelStateFailed',
  'ParallelStateStarted',
  'ParallelStateSucceeded',
  'TaskStateAborted',
  'WaitStateAborted',
] satisfies (keyof typeof EVENT_TYPE_OF_UPSTREAM)[]);

/** True if events of this type have a details member even if it is empty. */
const hasEmptyDetails = (type: string): boolean =>
  Object.hasOwn(EVENT_TYPE_OF_UPSTREAM, type) && !WITHOUT_DETAILS.has(type);

/**
 * The member in which events of this type usually have their details. Undefined if they usually have none.
 */
const usualDetails = (type: string, isEmpty: boolean): string | undefined =>
  isEmpty && !hasEmptyDetails(type) ? undefined : detailsNameOf(type);

const OWN_MEMBERS = ['type', 'id', 'previousEventId'];

/**
 * The `eventShape` of an event's message. Undefined if the event's type alone determines the nesting.
 * `details` is the name of the member whose content was merged into the payload; undefined if nothing was
 * merged.
 */
export function eventShapeOf(
  event: Readonly<Record<string, unknown>>,
  details: string | undefined,
  payloadMembers: Readonly<Record<string, unknown>>,
): EventShape | undefined {
  const nulls = Object.keys(event).filter((name) => event[name] === null);
  const isEmpty = Object.keys(payloadMembers).length === 0;
  const isDecided = details === usualDetails(String(event['type']), isEmpty);
  if (isDecided && nulls.length === 0) return undefined;
  return { ...(!isDecided && { details: details ?? null }), ...(nulls.length > 0 && { nulls }) };
}

/** Restores the event. Undefined if the message is not an event of Step Functions. */
export function eventOfMessage(message: Message): Record<string, unknown> | undefined {
  const event = eventInPayload(message);
  if (!event) return undefined;
  const { timestamp, eventShape: { details, nulls = [] } = {} } = message;
  const entries = Object.entries(event.members);
  const own = entries.filter(([name]) => OWN_MEMBERS.includes(name));
  const others = entries.filter(([name]) => !OWN_MEMBERS.includes(name));
  const name = details === undefined ? usualDetails(event.type, others.length === 0) : details;
  return {
    ...Object.fromEntries(own),
    ...(timestamp !== undefined && { timestamp: epochSecondsFromIso(timestamp) }),
    ...(name == null ? Object.fromEntries(others) : { [name]: Object.fromEntries(others) }),
    ...Object.fromEntries(nulls.map((member) => [member, null])),
  };
}
