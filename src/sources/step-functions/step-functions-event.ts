/**
 * The way back from a message to the event that it was made of (step-functions-mapping.ts), exactly. The payload has all values; what it
 * does not tell is how the event held them: that is the message's `eventShape`, present only if the type does not decide it.
 */
import type { EventShape, Message } from '../../messages/message.ts';
import { epochSecondsFromIso } from '../../messages/timestamp.ts';
import { eventInPayload } from './step-functions-payload.ts';

/** The member that holds an event's details, as the model names them. */
function detailsNameOf(type: string): string {
  if (type.endsWith('StateEntered')) return 'stateEnteredEventDetails';
  if (type.endsWith('StateExited')) return 'stateExitedEventDetails';
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}

const OWN_MEMBERS = ['type', 'id', 'previousEventId'];

/** `details`: the name of the member whose members the payload has beside the event's own; undefined if it has none such. */
export function eventShapeOf(
  event: Readonly<Record<string, unknown>>,
  details: string | undefined,
  payloadMembers: Readonly<Record<string, unknown>>,
): EventShape | undefined {
  const nulls = Object.keys(event).filter((name) => event[name] === null);
  const isEmpty = Object.keys(payloadMembers).length === 0;
  const isDecided = isEmpty ? details === undefined : details === detailsNameOf(String(event['type']));
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
  const name = details === undefined && others.length > 0 ? detailsNameOf(event.type) : details;
  return {
    ...Object.fromEntries(own),
    ...(timestamp !== undefined && { timestamp: epochSecondsFromIso(timestamp) }),
    ...(name == null ? Object.fromEntries(others) : { [name]: Object.fromEntries(others) }),
    ...Object.fromEntries(nulls.map((member) => [member, null])),
  };
}
