/** Properties of trees of steps, tested with every recorded history and the emulator's flows. */
import { describe, expect, test } from 'vitest';
import {
  type FlowMessage,
  type Step,
  type StepsState,
  stepsReducer,
  toSteps,
} from '../../../src/client/client.ts';
import { readRecordedHistories } from '../../step-functions/recorded-histories.ts';
import { stepFunctionsMessages, thingsGraphMessages } from './named-messages.ts';
import { outline, unindented } from './outline.ts';

const FLOWS = [
  'CloudFlow',
  'SecurityFlow',
  'FailingFlow',
  'AbortedFlow',
  'LargeFlow',
  'EndlessFlow',
] as const;
const histories: readonly (readonly FlowMessage[])[] = [
  ...readRecordedHistories().map(({ events }) => stepFunctionsMessages(events)),
  ...FLOWS.map((flow) => thingsGraphMessages(flow)),
];

const all = (step: Step): Step[] => [step, ...step.children.flatMap(all)];
const prefixesOf = (messages: readonly FlowMessage[]) =>
  messages.map((_message, index) => messages.slice(0, index + 1));

test('stepsReducer and toSteps agree on every prefix, and later messages never change an earlier value', () => {
  for (const messages of histories) {
    const states: StepsState[] = [];
    for (const message of messages) states.push(stepsReducer(states.at(-1), message));
    const before = states.map(({ execution }) => execution);
    for (const [index, prefix] of prefixesOf(messages).entries()) {
      expect(states[index]?.execution).toEqual(toSteps(prefix));
      expect(states[index]?.execution).toBe(before[index]);
    }
  }
});

test('each message belongs to exactly one step', () => {
  for (const messages of histories) {
    const ids = all(toSteps(messages)).flatMap(({ messageIds }) => messageIds);
    expect(ids.toSorted()).toEqual(messages.map(({ messageId = '' }) => messageId).toSorted());
  }
});

test('once the execution has ended, no step is running or nameless', () => {
  for (const messages of histories) {
    const root = toSteps(messages);
    if (root.status === 'RUNNING') continue;
    const [, ...steps] = all(root);
    expect(steps.filter(({ status, endedAt }) => status === 'RUNNING' || !endedAt)).toEqual([]);
    expect(steps.filter(({ name }) => name === '')).toEqual([]);
  }
});

test('a history without its beginning ends with the same status as the whole history', () => {
  for (const messages of histories) {
    const { status } = toSteps(messages);
    for (let index = 1; index < messages.length; index++) {
      const root = toSteps(messages.slice(index));
      expect(root.status).toBe(status);
      if (status !== 'RUNNING') expect(all(root).every((step) => step.status !== 'RUNNING')).toBe(true);
    }
  }
});

test('steps are recognised even without names', () => {
  const nameless = (messages: readonly FlowMessage[]): FlowMessage[] =>
    messages.map(({ messageId, eventType, upstreamType, timestamp }) => ({
      ...(messageId !== undefined && { messageId }),
      ...(eventType !== undefined && { eventType }),
      ...(upstreamType !== undefined && { upstreamType }),
      ...(timestamp !== undefined && { timestamp }),
    }));
  for (const messages of histories) {
    expect(toSteps(nameless(messages)).status).toBe(toSteps(messages).status);
  }
  expect(outline(toSteps(nameless(thingsGraphMessages('CloudFlow')))).match(/step/g)).toHaveLength(8);
});

describe('a tree of steps', () => {
  const messages = thingsGraphMessages('CloudFlow');

  test('shares every unchanged step with the previous tree', () => {
    const before = toSteps(messages.slice(0, 12));
    let state = messages.slice(0, 12).reduce<StepsState | undefined>(stepsReducer, undefined);
    const first = state?.execution;
    expect(first).toEqual(before);
    state = stepsReducer(state, messages[12] ?? {});
    expect(state.execution).not.toBe(first);
    expect(state.execution.children[0]).toBe(first?.children[0]);
  });

  test('has the times and messages of each step', () => {
    expect(toSteps(messages).children[0]).toEqual({
      name: 'Step2ReadSqsPayloadLambda',
      kind: 'step',
      status: 'SUCCEEDED',
      startedAt: '1970-01-01T00:00:00.140Z',
      endedAt: '1970-01-01T00:00:00.962Z',
      durationMs: 822,
      attempts: 1,
      caught: false,
      children: [],
      messageIds: ['1', '2', '3', '4', '5'],
    });
  });

  test('is frozen', () => {
    expect(Object.isFrozen(toSteps(messages).children)).toBe(true);
  });

  test('of no messages is a running execution without steps', () => {
    expect(outline(toSteps([]))).toBe('execution RUNNING');
  });
});

test('parallel steps of Things Graph differ by name, and a message without a step belongs to the execution', () => {
  const root = toSteps([
    { messageId: 'a', eventType: 'STEP_STARTED', step: 'A' },
    { messageId: 'b', eventType: 'STEP_STARTED', step: 'B' },
    { messageId: 'c', eventType: 'ACTIVITY_SCHEDULED' },
    { messageId: 'd', eventType: 'STEP_FAILED', step: 'A', error: 'E42' },
  ]);
  expect(outline(root)).toBe(
    unindented(`execution RUNNING
                  step A FAILED E42
                  step B RUNNING`),
  );
  expect(root.messageIds).toEqual(['c']);
});

/** Events of Step Functions, given as [type, number of the previous event, step, iteration]. */
const events = (...lines: readonly (readonly [string, number, string?, number?])[]): FlowMessage[] =>
  lines.map(([upstreamType, previous, step, iteration], index) => ({
    messageId: String(index + 1),
    upstreamType,
    eventType: upstreamType === 'ExecutionFailed' ? 'EXECUTION_FAILED' : 'STEP_STARTED',
    ...(previous > 0 && { previousMessageId: String(previous) }),
    ...(step !== undefined && { step }),
    ...(iteration !== undefined && { iteration }),
  }));

const NESTED = events(
  ['ExecutionStarted', 0],
  ['MapStateEntered', 0, 'Orders'],
  ['MapStateStarted', 2, 'Orders'],
  ['MapIterationStarted', 3, 'Orders', 0],
  ['MapIterationStarted', 3, 'Orders', 1],
  ['ParallelStateEntered', 5, 'Check', 1],
  ['ParallelStateEntered', 4, 'Check', 0],
  ['ParallelStateStarted', 6, 'Check', 1],
  ['ParallelStateStarted', 7, 'Check', 0],
  ['TaskStateEntered', 9, 'Stock', 0],
  ['TaskStateEntered', 8, 'Stock', 1],
  ['TaskStateEntered', 8, 'Price', 1],
  ['TaskStateEntered', 9, 'Price', 0],
  ['TaskScheduled', 12, 'Price', 1],
  ['TaskFailed', 14, 'Price', 1],
  ['TaskScheduled', 10, 'Stock', 0],
  ['TaskStateAborted', 11, 'Stock', 1],
  ['ParallelStateFailed', 15, 'Check', 1],
  ['ParallelStateExited', 18, 'Check', 1],
  ['PassStateEntered', 19, 'Skip', 1],
);

test('branches of a parallel state in iterations of a map stay separate, in whatever order their events arrive', () => {
  expect(outline(toSteps(NESTED))).toBe(
    unindented(`execution RUNNING
                  map Orders RUNNING
                    iteration 0 RUNNING
                      parallel Check RUNNING
                        branch 0 RUNNING
                          task Stock RUNNING
                        branch 1 RUNNING
                          task Price RUNNING
                    iteration 1 RUNNING
                      parallel Check FAILED caught
                        branch 0 ABORTED
                          task Stock ABORTED
                        branch 1 FAILED
                          task Price FAILED
                      pass Skip RUNNING`),
  );
});

test('a redrive runs only the failed branch again', () => {
  const messages = events(
    ['ExecutionStarted', 0],
    ['ParallelStateEntered', 0, 'Both'],
    ['ParallelStateStarted', 2, 'Both'],
    ['PassStateEntered', 3, 'Good'],
    ['TaskStateEntered', 3, 'Bad'],
    ['PassStateExited', 4, 'Good'],
    ['TaskScheduled', 5, 'Bad'],
    ['TaskFailed', 7, 'Bad'],
    ['ParallelStateFailed', 8, 'Both'],
    ['ExecutionFailed', 9],
    ['ExecutionRedriven', 10],
    ['TaskScheduled', 11, 'Bad'],
  );
  expect(outline(toSteps(messages))).toBe(
    unindented(`execution RUNNING x2
                  parallel Both RUNNING
                    branch 0 SUCCEEDED
                      pass Good SUCCEEDED
                    branch 1 RUNNING
                      task Bad RUNNING x2`),
  );
});

test('messages in any order form a tree without an exception', () => {
  const messages = histories.flat().slice(0, 400);
  let seed = 7;
  for (let round = 0; round < 20; round++) {
    const shuffled = messages
      .map((message) => ({ message, at: (seed = (seed * 48_271) % 2_147_483_647) }))
      .toSorted((left, right) => left.at - right.at);
    expect(toSteps(shuffled.map(({ message }) => message)).kind).toBe('execution');
  }
});

test('a hundred thousand messages are reduced to steps within seconds of CPU time', () => {
  const before = process.cpuUsage();
  const types = ['STEP_STARTED', 'ACTIVITY_SCHEDULED', 'ACTIVITY_SUCCEEDED', 'STEP_SUCCEEDED'];
  let state: StepsState | undefined;
  for (let index = 0; index < 100_000; index++) {
    state = stepsReducer(state, {
      messageId: `m${index}`,
      eventType: types[index % 4] ?? '',
      step: 'Patrol',
    });
  }
  expect(state?.execution.children).toHaveLength(25_000);
  expect(process.cpuUsage(before).user / 1_000_000).toBeLessThan(20);
});
