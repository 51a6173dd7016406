/** Rebuilds an event from its message independently of src/, to prove that the mapping loses nothing. */
import { epochSecondsFromIso } from '../../src/messages/timestamp.ts';
import type { Message } from '../../src/messages/message.ts';
import type { HistoryEvent } from '../../src/sources/step-functions/step-functions-mapping.ts';

/** The name of the member that holds an event's details. In the AWS model, most are named after the type. */
function detailsMember(type: string): string {
  if (type.endsWith('StateEntered')) return 'stateEnteredEventDetails';
  if (type.endsWith('StateExited')) return 'stateExitedEventDetails';
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}

/** Rebuilds the event. Empty details are omitted, because the message does not contain them. */
export function rebuildEvent(message: Message): HistoryEvent {
  const { type, id, previousEventId, ...details } = JSON.parse(message.payload ?? '');
  return {
    type,
    id,
    previousEventId,
    timestamp: epochSecondsFromIso(message.timestamp ?? ''),
    ...(Object.keys(details).length > 0 && { [detailsMember(type)]: details }),
  };
}

export const withoutEmptyDetails = (event: HistoryEvent): HistoryEvent => {
  const full = Object.entries(event).filter(
    ([, value]) => typeof value !== 'object' || value === null || Object.keys(value).length > 0,
  );
  return { type: event.type, id: event.id, ...Object.fromEntries(full) };
};
