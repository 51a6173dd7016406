/** Messages as a key with the access `names` gets them, for histories of Step Functions. */
import type { FlowMessage } from '../../../src/client/client.ts';
import {
  type HistoryEvent,
  messageOfEvent,
} from '../../../src/sources/step-functions/step-functions-mapping.ts';

/** The real mapping, and the members that tell about steps by a walk of its own. */
export function namedMessages(events: readonly HistoryEvent[]): FlowMessage[] {
  const byId = new Map(events.map((event) => [event.id, event]));
  return events.map((event) => {
    const { payload: _, ...message } = messageOfEvent(event) ?? {};
    const { error, index } = detailsOf(event);
    const step = stepOf(event, byId);
    return {
      ...message,
      upstreamType: event.type,
      ...(step !== undefined && { step }),
      ...(typeof error === 'string' && { error }),
      ...(event.previousEventId && { previousMessageId: String(event.previousEventId) }),
      ...(typeof index === 'number' && { iteration: index }),
    };
  });
}

function stepOf(event: HistoryEvent, byId: ReadonlyMap<number, HistoryEvent>): string | undefined {
  if (event.type.startsWith('Execution')) return undefined;
  const container = /^(?:Map|Parallel)/.exec(event.type)?.[0];
  let left = 0;
  for (let at: HistoryEvent | undefined = event, steps = 0; at && steps < byId.size; steps++) {
    const { name, state } = detailsOf(at);
    if (at === event && typeof name === 'string') return name;
    if (at === event && typeof state === 'string') return state;
    if (at.type.endsWith('StateExited')) left++;
    if (at.type.endsWith('StateEntered') && left-- <= 0) {
      if (container === undefined || at.type.startsWith(container)) return String(name);
    }
    at = byId.get(at.previousEventId ?? 0);
  }
  return undefined;
}

const detailsOf = (event: HistoryEvent): Readonly<Record<string, unknown>> => {
  const details = Object.entries(event).find(([name]) => name.endsWith('EventDetails'))?.[1];
  // Safety: an event's details are an object, as its model says.
  return (details ?? {}) as Readonly<Record<string, unknown>>;
};
