/**
 * Failures that involve several failed states: an end after a caught failure, and branches of a parallel
 * state.
 */
import { expect, test } from 'vitest';

import type { Message } from '../../src/messages/message.ts';
import { readStepFunctionsEnding } from '../../src/sources/step-functions/step-functions-ending.ts';
import {
  type HistoryEvent,
  messageOfEvent,
} from '../../src/sources/step-functions/step-functions-mapping.ts';
import { readRecordedHistories } from './recorded-histories.ts';

const histories = readRecordedHistories();
const messagesOf = (events: readonly HistoryEvent[]): Message[] =>
  events.flatMap((event) => messageOfEvent(event) ?? []);
const findFailure = (newest: readonly Message[]) => readStepFunctionsEnding(newest)?.failure;
const recording = (name: string) =>
  histories.find(({ recordedBy }) => recordedBy.endsWith(name))?.events ?? [];

const causeOf = (events: readonly HistoryEvent[]) => findFailure(messagesOf(events))?.facts.causedBy;

/**
 * Makes events in order, with the details member of each type. Each event follows the previous one, unless
 * `after` is the id of the event that it follows.
 */
function scripted(
  ...lines: readonly (readonly [
    type: string,
    name?: string | undefined,
    more?: { after?: number; error?: string },
  ])[]
): HistoryEvent[] {
  return lines.map(([type, name, { after, ...more } = {}], index) => {
    const member = type
      .replace(/^\w+State(Entered|Exited)$/, 'State$1')
      .replace(/^./, (first) => first.toLowerCase());
    return {
      id: index + 1,
      type,
      previousEventId: after ?? index,
      [`${member}EventDetails`]: { ...(name !== undefined && { name }), ...more },
    };
  });
}

const CAUGHT_CHARGE = [
  ['ExecutionStarted'],
  ['TaskStateEntered', 'Charge'],
  ['TaskFailed', undefined, { error: 'CardDeclined' }],
  ['TaskStateExited', 'Charge'],
] as const;

test('the recorded failure of a Fail state names the failure that was caught before it as its cause', () => {
  expect(causeOf(recording('test_s3_no_such_key'))).toEqual({
    step: 'StartState',
    error: 'S3.NoSuchKeyException',
    cause: expect.stringContaining('The specified key does not exist.'),
  });
});

test('only one recorded failure has an earlier failure as its cause', () => {
  const caused = histories.filter(({ events }) => causeOf(events));
  expect(caused.map(({ recordedBy }) => recordedBy.split('::').at(-1))).toEqual(['test_s3_no_such_key']);
});

test.each([
  [
    'a Fail state several states after a Catch has the caught failure as its cause',
    [
      ...CAUGHT_CHARGE,
      ['PassStateEntered', 'Notify'],
      ['PassStateExited', 'Notify'],
      ['FailStateEntered', 'GiveUp'],
      ['ExecutionFailed', undefined, { error: 'Declined' }],
    ],
    { step: 'Charge', error: 'CardDeclined' },
  ],
  [
    'a handler that fails has the failure that it handled as its cause',
    [
      ...CAUGHT_CHARGE,
      ['TaskStateEntered', 'Refund'],
      ['TaskFailed', undefined, { error: 'E' }],
      ['ExecutionFailed'],
    ],
    { step: 'Charge', error: 'CardDeclined' },
  ],
  [
    'a task that fails after the handler succeeded has no earlier cause',
    [
      ...CAUGHT_CHARGE,
      ['PassStateEntered', 'Fallback'],
      ['PassStateExited', 'Fallback'],
      ['TaskStateEntered', 'Ship'],
      ['TaskFailed', undefined, { error: 'E' }],
      ['ExecutionFailed'],
    ],
    undefined,
  ],
  [
    'a Fail state after a retried task has no earlier cause',
    [
      ['ExecutionStarted'],
      ['TaskStateEntered', 'Charge'],
      ['TaskFailed', undefined, { error: 'Busy' }],
      ['TaskScheduled'],
      ['TaskSucceeded'],
      ['TaskStateExited', 'Charge'],
      ['FailStateEntered', 'GiveUp'],
      ['ExecutionFailed'],
    ],
    undefined,
  ],
  [
    'a Fail state after a parallel state that caught the failure of a branch has that failure as its cause',
    [
      ['ExecutionStarted'],
      ['ParallelStateEntered', 'Both'],
      ['ParallelStateStarted'],
      ['TaskStateEntered', 'Charge'],
      ['TaskFailed', undefined, { error: 'CardDeclined' }],
      ['TaskStateAborted'],
      ['ParallelStateFailed', undefined, { after: 5 }],
      ['ParallelStateExited', 'Both'],
      ['FailStateEntered', 'GiveUp'],
      ['ExecutionFailed'],
    ],
    { step: 'Charge', error: 'CardDeclined' },
  ],
  [
    'a Fail state after a map in which an iteration caught a failure has no earlier cause',
    [
      ['ExecutionStarted'],
      ['MapStateEntered', 'All'],
      ['MapStateStarted'],
      ['MapIterationStarted', 'All'],
      ['TaskStateEntered', 'Charge'],
      ['TaskFailed', undefined, { error: 'CardDeclined' }],
      ['TaskStateExited', 'Charge'],
      ['MapIterationSucceeded', 'All'],
      ['MapStateSucceeded'],
      ['MapStateExited', 'All'],
      ['FailStateEntered', 'GiveUp'],
      ['ExecutionFailed'],
    ],
    undefined,
  ],
  [
    'a Fail state in the iteration after one that caught a failure has no earlier cause',
    [
      ['ExecutionStarted'],
      ['MapStateEntered', 'All'],
      ['MapStateStarted'],
      ['MapIterationStarted', 'All'],
      ['TaskStateEntered', 'Charge'],
      ['TaskFailed', undefined, { error: 'CardDeclined' }],
      ['TaskStateExited', 'Charge'],
      ['MapIterationSucceeded', 'All'],
      ['MapIterationStarted', 'All', { after: 7 }],
      ['FailStateEntered', 'GiveUp'],
      ['MapIterationFailed', 'All'],
      ['MapStateFailed', undefined, { after: 10 }],
      ['ExecutionFailed'],
    ],
    undefined,
  ],
] as const)('%s', (_, lines, cause) => {
  expect(causeOf(scripted(...lines))).toEqual(cause);
});

test('a caught failure before the messages that were read is not reported as a cause', () => {
  const messages = messagesOf(recording('test_s3_no_such_key'));
  expect(findFailure(messages.slice(-3))?.facts).toMatchObject({ step: 'NoSuchKeyState' });
  expect(findFailure(messages.slice(-3))?.facts).not.toHaveProperty('causedBy');
});

const TWO_BRANCHES = [
  ['ExecutionStarted'],
  ['ParallelStateEntered', 'Both'],
  ['ParallelStateStarted'],
  ['WaitStateEntered', 'Night'],
  ['TaskStateEntered', 'Charge', { after: 3 }],
] as const;

test.each([
  [
    'the branch of the previous event, if no branch has a failing event',
    [...TWO_BRANCHES, ['ParallelStateFailed'], ['ExecutionFailed', undefined, { error: 'E' }]],
    'ExecutionFailed Charge E',
  ],
  [
    'the branch that was not stopped, if no branch has a failing event',
    [
      ...TWO_BRANCHES,
      ['WaitStateAborted', undefined, { after: 4 }],
      ['ParallelStateFailed', undefined, { after: 6 }],
      ['ExecutionFailed', undefined, { error: 'E' }],
    ],
    'ExecutionFailed Charge E',
  ],
  [
    'the branch with a failing event, even if the previous event belongs to a stopped branch',
    [
      ...TWO_BRANCHES,
      ['TaskFailed', undefined, { error: 'E' }],
      ['WaitStateAborted', undefined, { after: 4 }],
      ['ParallelStateFailed'],
      ['ExecutionFailed', undefined, { error: 'E' }],
    ],
    'TaskFailed Charge E',
  ],
  [
    'no branch if each of several might have failed',
    [
      ...TWO_BRANCHES,
      ['ParallelStateFailed', undefined, { after: 3 }],
      ['ExecutionFailed', undefined, { error: 'E' }],
    ],
    'ExecutionFailed Both E',
  ],
] as const)('the failure of a parallel state names %s', (_, lines, failure) => {
  const events = scripted(...lines);
  const found = findFailure(messagesOf(events));
  expect([events[found?.index ?? 0]?.type, found?.facts.step, found?.facts.error].join(' ')).toBe(failure);
});
