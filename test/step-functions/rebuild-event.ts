/** Rebuilds the event from its message, which proves that the mapping loses nothing. */
import { epochSecondsFromIso } from '../../src/messages/timestamp.ts';
import type { Message } from '../../src/messages/message.ts';
import type { HistoryEvent } from '../../src/sources/step-functions/step-functions-mapping.ts';

/** The member that holds an event's details, as the model names them; most are named after the type. */
function detailsMember(type: string): string {
  if (type.endsWith('StateEntered')) return 'stateEnteredEventDetails';
  if (type.endsWith('StateExited')) return 'stateExitedEventDetails';
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}

/** An event without details and one whose details are empty are the same message: nothing is in either. */
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
