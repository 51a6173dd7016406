import { describe, expect, test } from 'vitest';

import { openWalk } from '../../src/compose-sources.ts';
import { failingFlow } from '../../src/emulator/scenarios/failing-flow.ts';
import { WALK_START, deriveAll } from '../../src/messages/derive.ts';
import type { Message } from '../../src/messages/message.ts';
import { payloadMember } from '../../src/sources/things-graph/things-graph-payload.ts';

/** Makes messages of lines such as `STEP_FAILED {stepId: A}`: the event type, then the payload. */
const messagesOf = (...lines: string[]): Message[] =>
  lines.map((line, index) => {
    const [eventType = '', ...payload] = line.split(' ');
    return { messageId: String(index), eventType, ...(payload.length > 0 && { payload: payload.join(' ') }) };
  });

const stepsOf = (...lines: string[]) =>
  deriveAll(openWalk, WALK_START, messagesOf(...lines)).messages.map(({ step }) => step);

describe('the step of a message', () => {
  test('is the open step, if the message names no step', () => {
    expect(
      stepsOf(
        'EXECUTION_STARTED',
        'STEP_STARTED {stepId: A, input: {stepId: Other}}',
        'ACTIVITY_SCHEDULED',
        'THING_ACTION_TASK door: open',
        'ACKNOWLEDGE_TASK_MESSAGE',
        'STEP_SUCCEEDED',
        'SCHEDULE_NEXT_READY_STEPS_TASK',
        'ACTIVITY_STARTED',
      ),
    ).toEqual([undefined, 'A', 'A', 'A', 'A', 'A', undefined, undefined]);
  });

  test('is absent while several steps are open, or while the open step has no name', () => {
    expect(
      stepsOf(
        'STEP_STARTED {stepId: A}',
        'STEP_STARTED {stepId: B}',
        'ACTIVITY_STARTED',
        'STEP_SUCCEEDED {stepId: A}',
        'ACTIVITY_STARTED',
        'STEP_STARTED',
        'ACTIVITY_STARTED',
        'STEP_SUCCEEDED',
        'ACTIVITY_STARTED',
        'STEP_SUCCEEDED {stepId: B}',
        'STEP_STARTED {stepId: C}',
        'ACTIVITY_STARTED',
      ),
    ).toEqual(['A', 'B', undefined, 'A', 'B', undefined, undefined, undefined, undefined, 'B', 'C', 'C']);
  });

  test('and its error are the same from whatever position the walk of a flow is resumed', () => {
    const view = failingFlow.history(0, 'b7a53a4e').at(failingFlow.durationMs ?? 0);
    const messages = Array.from({ length: view?.count ?? 0 }, (_, position): Message => {
      const { messageId = '', eventType = '', payload } = view?.message(position) ?? {};
      return { messageId, eventType, ...(payload !== undefined && { payload }) };
    });
    const { messages: whole } = deriveAll(openWalk, WALK_START, messages);
    expect(whole.map(({ step = '' }) => step.slice(0, 5))).toEqual([
      '',
      ...Array.from({ length: 8 }, () => 'Step1'),
      ...Array.from({ length: 2 }, () => 'Step2'),
      ...Array.from({ length: 5 }, () => 'Step3'),
      '',
    ]);
    expect(whole.map(({ error }) => error).filter(Boolean)).toEqual(['ThingActionFailed']);
    for (let cut = 0; cut < messages.length; cut++) {
      const { state } = deriveAll(openWalk, WALK_START, messages.slice(0, cut));
      expect(deriveAll(openWalk, state, messages.slice(cut)).messages).toEqual(whole.slice(cut));
    }
  });
});

test.each([
  ['{stepId: A}', 'A'],
  ['{"input": {"stepId": "B"}, "stepId": "A"}', 'A'],
  ['  {input: [1, {stepId: B}], stepId = A, x: y}', 'A'],
  ['{"text": "stepId: B, \\"stepId\\": C", "stepId":"A b"}', 'A b'],
  ['{input: {stepId: B}}', undefined],
  ['{stepId: null}', undefined],
  ['{stepId: {a: b}}', undefined],
  ['{note: stepId}', undefined],
  ['stepId: A', undefined],
  ['', undefined],
])('the step that the payload %j names is %j', (payload, step) => {
  expect(payloadMember(payload, 'stepId')).toBe(step);
});
