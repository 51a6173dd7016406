import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UPSTREAM_EVENT_TYPES, statusAfter } from '../../src/messages/event-types.ts';
import {
  eventTypeOf,
  type HistoryEvent,
  messageOfEvent,
} from '../../src/sources/step-functions/step-functions-mapping.ts';
import { rebuildEvent, withoutEmptyDetails } from '../step-functions/rebuild-event.ts';
import { readRecordedHistories } from '../step-functions/recorded-histories.ts';

/** The type that each event type of Step Functions must be mapped to. */
const AGREED: Record<string, string> = JSON.parse(
  readFileSync(new URL('../data/step-functions-mapping.json', import.meta.url), 'utf8'),
);

const histories = readRecordedHistories();

/** Returns the message of an event. Throws if the event has no message. */
function message(event: HistoryEvent) {
  const made = messageOfEvent(event);
  if (!made) throw new Error(`no message for ${JSON.stringify(event)}`);
  return made;
}

test('test/data/step-functions-mapping.json has exactly the event types of the model, and each is mapped as it states', () => {
  expect(Object.fromEntries(UPSTREAM_EVENT_TYPES.map((type) => [type, eventTypeOf(type)]))).toEqual(AGREED);
});

describe('every recorded history', () => {
  test('gives one message for each event, with the type that the table states, and with the id as text', () => {
    for (const { events } of histories) {
      for (const event of events) {
        const { messageId, eventType } = message(event);
        expect({ messageId, eventType }).toEqual({
          messageId: String(event.id),
          eventType: AGREED[event.type],
        });
      }
    }
  });

  test('can be rebuilt from its messages', () => {
    for (const { events } of histories) {
      expect(events.map((event) => rebuildEvent(message(event)))).toEqual(events.map(withoutEmptyDetails));
    }
  });

  test('ends with the status of its execution', () => {
    const statuses = histories.map(({ events }) => {
      const last = events.at(-1);
      return [last?.type, last && statusAfter(message(last).eventType)].join(' ');
    });
    expect(new Set(statuses)).toEqual(
      new Set(['ExecutionSucceeded SUCCEEDED', 'ExecutionFailed FAILED', 'ExecutionAborted ABORTED']),
    );
  });
});

test.each(['TaskPaused', 'FooStarted', 'ExecutionMerged', 'PassStateFailedOver', 'constructor', '__proto__'])(
  'the unknown type %s is mapped to a neutral type that does not end the execution',
  (type) => expect(eventTypeOf(type)).toBe('SCHEDULE_NEXT_READY_STEPS_TASK'),
);

test.each(['AgentTaskFailed', 'MapRunTimedOut', 'ExecutionBranchAborted', 'Failed'])(
  'the unknown type %s is mapped to a failure that does not end the execution',
  (type) => expect(eventTypeOf(type)).toBe('ACTIVITY_FAILED'),
);

test.each([
  ['TaskScheduled', 'THING_ACTION_TASK'],
  ['TaskStarted', 'THING_ACTION_TASK'],
  ['TaskSubmitted', 'THING_ACTION_TASK'],
  ['TaskSucceeded', 'THING_ACTION_TASK_SUCCEEDED'],
  ['TaskFailed', 'THING_ACTION_TASK_FAILED'],
  ['TaskTimedOut', 'THING_ACTION_TASK_FAILED'],
  ['TaskStartFailed', 'THING_ACTION_TASK_FAILED'],
  ['TaskSubmitFailed', 'THING_ACTION_TASK_FAILED'],
])('%s of a task that sends data to a thing is mapped to %s', (type, eventType) => {
  const details = { resourceType: 'aws-sdk:iotdataplane', resource: 'publish' };
  const event = { type, id: 7, previousEventId: 6, timestamp: 1_764_547_200.25, taskEventDetails: details };
  expect(message(event)).toEqual({
    messageId: '7',
    eventType,
    timestamp: '2025-12-01T00:00:00.250Z',
    payload: `{"type":"${type}","id":7,"previousEventId":6,"resourceType":"aws-sdk:iotdataplane","resource":"publish"}`,
    eventShape: { details: 'taskEventDetails' },
  });
});

test('strings in an event stay unchanged, even if they contain JSON', () => {
  const input = '{ "a":  1.0, "big": 12345678901234567890, "text": "ä\\u0000😀" }';
  const event = {
    type: 'ExecutionStarted',
    id: 1,
    previousEventId: 0,
    timestamp: 1,
    executionStartedEventDetails: { input, roleArn: 'arn' },
  };
  expect(JSON.parse(message(event).payload ?? '').input).toBe(input);
});

test('no data of an event is lost, whether it has one member with details, two or none', () => {
  const details = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()), {
    minKeys: 1,
  });
  const event = fc.record({
    type: fc.constantFrom(...UPSTREAM_EVENT_TYPES, 'SomethingNew'),
    id: fc.integer({ min: 1, max: 25_000 }),
    previousEventId: fc.integer({ min: 0, max: 25_000 }),
    timestamp: fc.integer({ min: 0, max: 4e12 }).map((ms) => ms / 1000),
  });
  const named = fc.oneof(
    fc.record({ fooEventDetails: details }),
    fc.record({ fooEventDetails: fc.record({ id: fc.string(), type: fc.string() }) }),
    fc.record({ fooEventDetails: details, barEventDetails: details }),
    fc.constant({}),
  );
  fc.assert(
    fc.property(event, named, (base, more) => {
      const { type, id, previousEventId, ...rest } = JSON.parse(message({ ...base, ...more }).payload ?? '');
      expect({ type, id, previousEventId }).toEqual({
        type: base.type,
        id: base.id,
        previousEventId: base.previousEventId,
      });
      const flat = Object.values(more).length === 1 ? Object.values(more)[0] : more;
      expect([JSON.stringify(flat), JSON.stringify(more)]).toContain(JSON.stringify(rest));
    }),
  );
});

test('an event with an impossible time gives no message', () => {
  expect(messageOfEvent({ type: 'ExecutionStarted', id: 1, timestamp: 1e15 })).toBeUndefined();
});
