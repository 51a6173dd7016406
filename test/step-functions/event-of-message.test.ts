import { expect, test } from 'vitest';

import type { Message } from '../../src/messages/message.ts';
import { visibleMessage } from '../../src/messages/message.ts';
import { eventOfMessage } from '../../src/sources/step-functions/step-functions-event.ts';
import {
  type HistoryEvent,
  messageOfEvent,
} from '../../src/sources/step-functions/step-functions-mapping.ts';
import { readRecordedHistories } from './recorded-histories.ts';

const stored = (event: HistoryEvent): Message => JSON.parse(JSON.stringify(messageOfEvent(event)));

test('every recorded event is rebuilt exactly from its message', () => {
  for (const { events } of readRecordedHistories()) {
    for (const event of events) expect(eventOfMessage(stored(event))).toEqual(event);
  }
});

const event = { type: 'TaskFailed', id: 3, previousEventId: 2, timestamp: 1_764_547_200.25 };

test.each<[string, HistoryEvent]>([
  ['empty details', { ...event, taskFailedEventDetails: {} }],
  ['empty details under an unexpected name', { ...event, otherEventDetails: {} }],
  ['details under an unexpected name', { ...event, otherEventDetails: { error: 'x' } }],
  ['details that are null', { ...event, taskFailedEventDetails: null, otherEventDetails: null }],
  [
    'members that are null, in the details and outside',
    { ...event, previousEventId: null, taskFailedEventDetails: { a: null }, b: null },
  ],
  [
    'details that have members named id and type',
    { ...event, taskFailedEventDetails: { id: 'a', type: 'b' } },
  ],
  ['two members with details', { ...event, taskFailedEventDetails: { a: 1 }, otherEventDetails: { b: 2 } }],
  ['details that are not an object', { ...event, taskFailedEventDetails: 'text' }],
  ['no timestamp', { type: 'SomethingNew', id: 9, timestamp: null }],
  ['only a type and an id', { type: 'SomethingNew', id: 9 }],
])('an event with %s is rebuilt exactly, from a member that is hidden from callers', (_, odd) => {
  const message = stored(odd);
  expect(eventOfMessage(message)).toEqual(odd);
  for (const level of ['none', 'names', 'full'] as const) {
    expect(visibleMessage(message, level)).not.toHaveProperty('eventShape');
  }
});
