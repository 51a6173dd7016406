import { describe, expect, test } from 'vitest';

import { openWalk } from '../../src/compose-sources.ts';
import { WALK_START, deriveAll } from '../../src/messages/derive.ts';
import type { Message } from '../../src/messages/message.ts';
import {
  type HistoryEvent,
  messageOfEvent,
} from '../../src/sources/step-functions/step-functions-mapping.ts';
import { readRecordedHistories } from './recorded-histories.ts';
import { referenceWalk } from './reference-walk.ts';

const histories = readRecordedHistories();

const messagesOf = (events: readonly HistoryEvent[]): Message[] =>
  events.map((event) => messageOfEvent(event)).filter((message) => message !== undefined);

const derived = (events: readonly HistoryEvent[]): readonly Message[] =>
  deriveAll(openWalk, WALK_START, messagesOf(events)).messages;

const stated = ({ step, error, iteration }: Message) => ({
  ...(step !== undefined && { step }),
  ...(error !== undefined && { error }),
  ...(iteration !== undefined && { iteration }),
});

test.each(histories.map((history, index) => [index, history] as const))(
  'recorded history %i gets the steps, errors and iterations that the reference walk finds',
  (_, { events }) => {
    expect(derived(events).map(stated)).toEqual(referenceWalk(events));
  },
);

test('a walk derives the same members if it stops anywhere and continues from its state', () => {
  for (const { events } of histories) {
    const messages = messagesOf(events);
    const whole = derived(events);
    for (let cut = 0; cut <= messages.length; cut++) {
      const first = deriveAll(openWalk, WALK_START, messages.slice(0, cut));
      const rest = deriveAll(openWalk, first.state, messages.slice(cut));
      expect([...first.messages, ...rest.messages]).toEqual(whole);
    }
  }
});

describe('a history of 25,000 events', () => {
  /**
   * A map runs 40 iterations at a time, each a task of five events. In another branch, a state waits from
   * start to end.
   */
  function long(): HistoryEvent[] {
    const events: HistoryEvent[] = [];
    const add = (type: string, previousEventId: number, details: object = {}): number => {
      const id = events.length + 1;
      events.push({ type, id, previousEventId, timestamp: 1, ...details });
      return id;
    };
    const entered = (name: string) => ({ stateEnteredEventDetails: { name } });
    const exited = (name: string) => ({ stateExitedEventDetails: { name } });
    add('ExecutionStarted', 0);
    const fork = add('ParallelStateStarted', add('ParallelStateEntered', 0, entered('Both')));
    const waits = add('WaitStateEntered', fork, entered('Night'));
    const started = add('MapStateStarted', add('MapStateEntered', fork, entered('All')));
    let last = started;
    for (let round = 0; round < 89; round++) {
      let open = Array.from({ length: 40 }, (_, lane) =>
        add('MapIterationStarted', last, {
          mapIterationStartedEventDetails: { name: 'All', index: 40 * round + lane },
        }),
      );
      open = open.map((id) => add('TaskStateEntered', id, entered('One')));
      open = open.map((id) => add('TaskScheduled', id));
      open = open.toReversed().map((id) => add('TaskStarted', id));
      open = open.map((id) => add('TaskSucceeded', id));
      open = open.map((id) => add('TaskStateExited', id, exited('One')));
      for (const [lane, id] of open.entries())
        add('MapIterationSucceeded', id, {
          mapIterationSucceededEventDetails: { name: 'All', index: 40 * round + 39 - lane },
        });
      last = open.at(-1) ?? 0;
    }
    add('MapStateExited', add('MapStateSucceeded', last), exited('All'));
    const branch = add('WaitStateExited', waits, exited('Night'));
    add('ParallelStateExited', add('ParallelStateSucceeded', branch), exited('Both'));
    return events;
  }

  test('gets a step for every event after the first, and the state of the walk stays small', () => {
    const events = long();
    const walk = openWalk(WALK_START);
    let largest = 0;
    const members = messagesOf(events).map((message, index) => {
      const next = walk.next(message);
      if (index % 100 === 0) largest = Math.max(largest, walk.state.length);
      return next;
    });
    expect(members.filter(({ step }) => step === undefined).map(({ upstreamType }) => upstreamType)).toEqual([
      'ExecutionStarted',
    ]);
    expect(members.filter(({ step, iteration }) => step === 'One' && iteration === undefined)).toEqual([]);
    expect(members.at(-3)).toMatchObject({ upstreamType: 'WaitStateExited', step: 'Night' });
    expect(members.at(-1)).toMatchObject({ upstreamType: 'ParallelStateExited', step: 'Both' });
    expect(largest).toBeLessThan(16_384);
  });
});

describe('the error and type of an event', () => {
  const failed = (error: unknown): HistoryEvent => ({
    type: 'ExecutionFailed',
    id: 1,
    previousEventId: 0,
    executionFailedEventDetails: { error, cause: 'why' },
  });

  test.each(['OrderNotFound', 'States.Timeout', 'Lambda:Unknown', 'a-b_c.d:9', 'x'.repeat(128)])(
    '%j is accepted as the name of an error',
    (error) => expect(derived([failed(error)])[0]?.error).toBe(error),
  );

  test.each(['', 'two words', 'Ä', '{"order":1}', 'x'.repeat(129), 'a\n', null, 4])(
    '%j is not accepted as the name of an error',
    (error) => expect(derived([failed(error)])[0]).not.toHaveProperty('error'),
  );

  test('a payload that only resembles an event has no upstream type', () => {
    const payload = JSON.stringify({
      type: 'TaskFailed',
      id: 1,
      previousEventId: 0,
      name: 'Secret',
      error: 'Secret',
    });
    const { messages } = deriveAll(openWalk, WALK_START, [
      { messageId: '1', eventType: 'STEP_STARTED', payload },
      { messageId: '2', eventType: 'ACTIVITY_FAILED', payload },
    ]);
    expect(messages.map(({ upstreamType }) => upstreamType)).toEqual([undefined, undefined]);
  });
});
