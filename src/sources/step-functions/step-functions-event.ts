/**
 * The way back from a message to the event that it was made of (step-functions-mapping.ts), exactly. The payload has all values; what it
 * does not tell is how the event held them: that is the message's `eventShape`, present only if the type does not decide it.
 */
import { EVENT_TYPE_OF_UPSTREAM } from '../../messages/event-types.ts';
import type { EventShape, Message } from '../../messages/message.ts';
import { epochSecondsFromIso } from '../../messages/timestamp.ts';
import { eventInPayload } from './step-functions-payload.ts';

/** The member that holds an event's details, as the model names them. */
function detailsNameOf(type: string): string {
  if (type.endsWith('StateEntered')) return 'stateEnteredEventDetails';
  if (type.endsWith('StateExited')) return 'stateExitedEventDetails';
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}

/** Types that the model has no details for. Any other type of the model has them, also if they are empty. */
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

/** Whether an event of this type has details although they are empty. */
const hasEmptyDetails = (type: string): boolean =>
  Object.hasOwn(EVENT_TYPE_OF_UPSTREAM, type) && !WITHOUT_DETAILS.has(type);

/** Where an event of this type has its details, as its type decides it; undefined if it has none. */
const usualDetails = (type: string, isEmpty: boolean): string | undefined =>
  isEmpty && !hasEmptyDetails(type) ? undefined : detailsNameOf(type);

const OWN_MEMBERS = ['type', 'id', 'previousEventId'];

/** `details`: the name of the member whose members the payload has beside the event's own; undefined if it has none such. */
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

/** Undefined if the message is not an event of Step Functions. */
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
