import { expect, test } from 'vitest';
import type { Message } from '../../src/messages/message.ts';
import { readStepFunctionsEnding } from '../../src/sources/step-functions/step-functions-ending.ts';
import {
  type HistoryEvent,
  messageOfEvent,
} from '../../src/sources/step-functions/step-functions-mapping.ts';
import { readRecordedHistories } from './recorded-histories.ts';

const findFailure = (newest: readonly Message[]) => readStepFunctionsEnding(newest)?.failure;

const messagesOf = (events: readonly HistoryEvent[]) =>
  events.flatMap((event) => messageOfEvent(event) ?? []);

const histories = readRecordedHistories();
const endedWith = (type: string) => histories.filter(({ events }) => events.at(-1)?.type === type);

function failureOf(events: readonly HistoryEvent[]) {
  const found = findFailure(messagesOf(events));
  if (!found) return undefined;
  const { step, error } = found.facts;
  return [events[found.index]?.type, step, error].map((part) => part ?? '-').join(' ');
}

/** Finds a recording by the end of the name of the test that recorded it. */
const recording = (name: string) => {
  const found = histories.find(({ recordedBy }) => recordedBy.endsWith(name));
  if (!found) throw new Error(`no recording ${name}`);
  return found.events;
};

test('a recorded execution that succeeded has no failure, even if errors were caught', () => {
  expect(endedWith('ExecutionSucceeded').map(({ events }) => failureOf(events))).toEqual(
    Array.from({ length: 139 }, () => undefined),
  );
});

test('every recorded failure has the step that failed, and the error and cause that the execution ended with', () => {
  for (const { events } of endedWith('ExecutionFailed')) {
    const facts = findFailure(messagesOf(events))?.facts;
    const end = events.at(-1)?.['executionFailedEventDetails'];
    expect(facts).toMatchObject(typeof end === 'object' && end !== null ? end : {});
    const entered = events.filter(({ type }) => type.endsWith('StateEntered') || type === 'EvaluationFailed');
    const names = entered.map((event) => JSON.parse(messageOfEvent(event)?.payload ?? ''));
    expect(names.map(({ name, state }) => name ?? state)).toContain(facts?.step);
  }
});

test('an aborted execution has a failure without a step', () => {
  expect(endedWith('ExecutionAborted').map(({ events }) => failureOf(events))).toEqual([
    'ExecutionAborted - -',
  ]);
});

test.each([
  ['a task', 'test_no_such_function', 'TaskFailed Start Lambda.ResourceNotFoundException'],
  ['an activity', 'test_activity_task_failure', 'ActivityFailed ActivityTask Programmatic Error'],
  ['a time limit', 'test_fixed_timeout_lambda', 'LambdaFunctionTimedOut Start States.Timeout'],
  [
    'a time limit inside a map',
    'test_service_lambda_map_timeout',
    'TaskTimedOut LambdaInvoke States.Timeout',
  ],
  ['a Fail state', '[raise_failure.json5_ALL_False]', 'FailStateEntered FailState SomeFailure'],
  ['a Fail state inside a map', 'break_condition_legacy', 'FailStateEntered Break SomeFailure'],
  ['a Fail state without an error', 'test_map_state_catch_empty_fail', 'FailStateEntered HandleItemFail -'],
  ['a Fail state after a caught failure', 'test_s3_no_such_key', 'FailStateEntered NoSuchKeyState -'],
  [
    'an expression inside a map',
    'items_input_types[object]',
    'EvaluationFailed MapIterateState States.QueryEvaluationError',
  ],
  ['an invalid wait timestamp', 'test_wait_timestamp_path[NO_Z]', 'ExecutionFailed WaitUntil States.Runtime'],
  ['a map that cannot begin', 'failure_count_path[NoNumber]', 'ExecutionFailed MapState States.Runtime'],
  ['a distributed map', 'csv_max_items_paths[-1]', 'MapRunFailed MapState States.ItemReaderFailed'],
])('the recorded failure of %s is reported with its event, step and error', (_, name, failure) => {
  expect(failureOf(recording(name))).toBe(failure);
});

const details = (name: string, members: object) => ({ [`${name}EventDetails`]: members });

test('a failure after all inner states were exited names the map that was still open', () => {
  const events: HistoryEvent[] = [
    { id: 1, type: 'ExecutionStarted', previousEventId: 0 },
    { id: 2, type: 'MapStateEntered', previousEventId: 0, ...details('stateEntered', { name: 'Map' }) },
    { id: 3, type: 'MapStateStarted', previousEventId: 2 },
    { id: 4, type: 'MapIterationStarted', previousEventId: 3 },
    { id: 5, type: 'PassStateEntered', previousEventId: 4, ...details('stateEntered', { name: 'Inner' }) },
    { id: 6, type: 'PassStateExited', previousEventId: 5, ...details('stateExited', { name: 'Inner' }) },
    { id: 7, type: 'MapIterationSucceeded', previousEventId: 6 },
    { id: 8, type: 'MapStateSucceeded', previousEventId: 7 },
    { id: 9, type: 'ExecutionFailed', previousEventId: 8, ...details('executionFailed', { error: 'E' }) },
  ];
  expect(failureOf(events)).toBe('ExecutionFailed Map E');
});

test('a failure is reported without a step if the start of the history is missing', () => {
  const events = recording('test_no_such_function').slice(-2);
  expect(failureOf(events)).toBe('TaskFailed - Lambda.ResourceNotFoundException');
});

test('an execution that failed again after a redrive has the later failure', () => {
  const first = recording('test_no_such_function');
  const again: HistoryEvent[] = [
    {
      id: 7,
      type: 'ExecutionRedriven',
      previousEventId: 0,
      ...details('executionRedriven', { redriveCount: 1 }),
    },
    { id: 8, type: 'LambdaFunctionScheduled', previousEventId: 2 },
    {
      id: 9,
      type: 'LambdaFunctionTimedOut',
      previousEventId: 8,
      ...details('lambdaFunctionTimedOut', { error: 'T' }),
    },
    { id: 10, type: 'ExecutionFailed', previousEventId: 9, ...details('executionFailed', { error: 'T' }) },
  ];
  expect(failureOf([...first, ...again])).toBe('LambdaFunctionTimedOut Start T');
});

/** Adds spaces and line breaks to the JSON of all payloads, and reverses the order of its members. */
const rewritten = (messages: readonly Message[]): Message[] =>
  messages.map((message) => {
    // Safety: the payload of an event is an object.
    const members = Object.entries(JSON.parse(message.payload ?? '{}') as object).toReversed();
    return { ...message, payload: `\n${JSON.stringify(Object.fromEntries(members), null, 2)}` };
  });

test('an imported history has the same ending, however the JSON of its payloads is formatted', () => {
  for (const { events } of histories) {
    const messages = messagesOf(events);
    expect(readStepFunctionsEnding(rewritten(messages))).toEqual(readStepFunctionsEnding(messages));
  }
});

test.each([
  ['EXECUTION_SUCCEEDED', 'ExecutionSucceeded', 'SUCCEEDED'],
  ['EXECUTION_FAILED', 'ExecutionFailed', 'FAILED'],
  ['EXECUTION_FAILED', 'ExecutionTimedOut', 'TIMED_OUT'],
  ['EXECUTION_ABORTED', 'ExecutionAborted', 'ABORTED'],
  ['EXECUTION_SUCCEEDED', 'ExecutionFailed', undefined],
  ['STEP_SUCCEEDED', 'ExecutionSucceeded', undefined],
  ['EXECUTION_SUCCEEDED', 'constructor', undefined],
])(
  'a last message of type %s with a payload of type %s gives the upstream status %s',
  (eventType, type, upstreamStatus) => {
    const payload = JSON.stringify({ id: 1, type });
    const ending = readStepFunctionsEnding([{ messageId: '1', eventType, payload }]);
    expect(ending?.upstreamStatus).toBe(upstreamStatus);
  },
);

test.each([
  '',
  'prose',
  '[]',
  '{',
  'null',
  '{"type": 5, "id": 1}',
  '{"id": 1}',
  '{"type": "ExecutionFailed"}',
])('the payload %j is not an event of Step Functions', (payload) => {
  expect(
    readStepFunctionsEnding([{ messageId: '1', eventType: 'EXECUTION_FAILED', payload }]),
  ).toBeUndefined();
});
