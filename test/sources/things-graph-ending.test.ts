import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { abortedFlow } from '../../src/emulator/scenarios/aborted-flow.ts';
import { failingFlow } from '../../src/emulator/scenarios/failing-flow.ts';
import type { Scenario } from '../../src/emulator/scenarios/scenario.ts';
import { securityFlow } from '../../src/emulator/scenarios/security-flow.ts';
import { ENDING_MESSAGES_MAX } from '../../src/messages/ending.ts';
import type { Message } from '../../src/messages/message.ts';
import { isoFromEpochSeconds } from '../../src/messages/timestamp.ts';
import { readThingsGraphEnding } from '../../src/sources/things-graph/things-graph-ending.ts';

const findFailure = (newest: readonly Message[]) => readThingsGraphEnding(newest)?.failure;

/** Returns all messages of an emulator scenario that has ended. */
function played(scenario: Scenario): Message[] {
  const view = scenario.history(0, 'b7a53a4e').at(scenario.durationMs ?? 0);
  return Array.from({ length: view?.count ?? 0 }, (_, position) => {
    const { messageId = '', eventType = '', timestamp, payload } = view?.message(position) ?? {};
    const iso = isoFromEpochSeconds(timestamp ?? 0) ?? '';
    return { messageId, eventType, timestamp: iso, ...(payload !== undefined && { payload }) };
  });
}

/** Makes messages of lines such as `STEP_FAILED {stepId: A}`: the event type, then the payload. */
const messagesOf = (...lines: string[]): Message[] =>
  lines.map((line, index) => {
    const [eventType = '', ...payload] = line.split(' ');
    return { messageId: String(index), eventType, ...(payload.length > 0 && { payload: payload.join(' ') }) };
  });

describe('what ended an execution', () => {
  test('is the step that failed last, not an earlier activity that was retried', () => {
    const history = played(failingFlow);
    const found = findFailure(history);
    expect(found?.index).toBe(history.length - 2);
    expect(found?.facts).toMatchObject({
      eventType: 'STEP_FAILED',
      step: 'Step3OpenDoor',
      error: 'ThingActionFailed',
      cause: 'bolt stuck (E42)',
    });
    expect(found?.facts).not.toHaveProperty('payload');
  });

  test('is the message of its abort, with the reason', () => {
    const history = played(abortedFlow);
    const found = findFailure(history);
    expect(found?.index).toBe(history.length - 1);
    expect(found?.facts).toMatchObject({
      eventType: 'EXECUTION_ABORTED',
      step: 'Step2WorkOffLambda',
      cause: 'Flow execution aborted by operator',
    });
  });

  test('is absent while the execution runs, and if it succeeded', () => {
    const history = played(securityFlow);
    expect(findFailure(history)).toBeUndefined();
    expect(findFailure(history.slice(0, -1))).toBeUndefined();
    expect(findFailure([])).toBeUndefined();
    expect(findFailure(played(failingFlow).slice(0, -1))).toBeUndefined();
  });

  test.each<[string, number, string | undefined, string[]]>([
    [
      'a failure whose step succeeded after it',
      4,
      undefined,
      [
        'STEP_STARTED {stepId: A}',
        'ACTIVITY_FAILED why',
        'STEP_SUCCEEDED {stepId: A}',
        'STEP_STARTED',
        'EXECUTION_FAILED out of time',
      ],
    ],
    [
      'a failure that was being retried',
      4,
      'A',
      [
        'STEP_STARTED {stepId: A}',
        'ACTIVITY_FAILED why',
        'ACTIVITY_SCHEDULED',
        'ACTIVITY_STARTED',
        'EXECUTION_FAILED out of time',
      ],
    ],
    [
      'a step that failed and was started again',
      3,
      'A',
      ['STEP_STARTED {stepId: A}', 'STEP_FAILED {stepId: A}', 'STEP_STARTED {stepId: A}', 'EXECUTION_FAILED'],
    ],
  ])('is not %s', (_, index, step, lines) => {
    const found = findFailure(messagesOf(...lines));
    expect(found?.index).toBe(index);
    expect(found?.facts.step).toBe(step);
  });

  test('is the failed step even if another step continued after the failure', () => {
    const found = findFailure(
      messagesOf(
        'STEP_STARTED {stepId: A}',
        'STEP_STARTED {stepId: B}',
        'STEP_FAILED {stepId: A, error: Broken, cause: "no, it is"}',
        'ACTIVITY_SCHEDULED',
        'STEP_SUCCEEDED {stepId: B}',
        'EXECUTION_FAILED',
      ),
    );
    expect(found).toMatchObject({ index: 2, facts: { step: 'A', error: 'Broken', cause: 'no, it is' } });
  });

  test('is the last failed attempt of an activity, with the step that started the activity', () => {
    const found = findFailure(
      messagesOf(
        'STEP_STARTED {stepId: A}',
        'ACTIVITY_FAILED first',
        'ACTIVITY_SCHEDULED',
        'ACTIVITY_FAILED second',
        'EXECUTION_FAILED failed',
      ),
    );
    expect(found).toMatchObject({ index: 3, facts: { messageId: '3', step: 'A', cause: 'second' } });
  });

  /** Payloads that tell nothing about an activity. Things Graph itself sends empty ones. */
  const WITHOUT_INFORMATION: readonly (string | undefined)[] = ['', undefined, 'x'];

  const withActivities = (messages: readonly Message[], activityPayload: string | undefined): Message[] =>
    messages.map((message) => {
      if (message.eventType?.startsWith('ACTIVITY_') !== true) return message;
      const { payload: _, ...bare } = message;
      return activityPayload === undefined ? bare : { ...bare, payload: activityPayload };
    });

  const CAUGHT = [
    'STEP_STARTED {stepId: S1}',
    'ACTIVITY_SCHEDULED',
    'ACTIVITY_STARTED',
    'ACTIVITY_FAILED',
    'STEP_SUCCEEDED {stepId: S1}',
    'STEP_STARTED {stepId: S2}',
    'EXECUTION_FAILED',
  ];
  const FAILED_FOR_GOOD = [
    'STEP_STARTED {stepId: S1}',
    'ACTIVITY_SCHEDULED',
    'ACTIVITY_FAILED',
    'STEP_STARTED {stepId: S2}',
    'ACTIVITY_SCHEDULED',
    'ACTIVITY_SUCCEEDED',
    'STEP_SUCCEEDED {stepId: S2}',
    'EXECUTION_FAILED',
  ];
  test.each([
    ['not the activity whose failure was caught', CAUGHT, 6, 'S2'],
    [
      'an activity that was not retried after its failure, even if another step continued',
      FAILED_FOR_GOOD,
      2,
      'S1',
    ],
  ])('is %s, even if the payloads of activities are empty', (_, lines, index, step) => {
    for (const payload of WITHOUT_INFORMATION) {
      const found = findFailure(withActivities(messagesOf(...lines), payload));
      expect({ payload, index: found?.index, step: found?.facts.step }).toEqual({ payload, index, step });
    }
  });

  test('does not depend on whether the payloads of activities are empty, absent or meaningless', () => {
    const line = fc.oneof(
      fc.constantFrom('ACTIVITY_SCHEDULED', 'ACTIVITY_STARTED', 'ACTIVITY_FAILED', 'ACTIVITY_SUCCEEDED'),
      fc
        .tuple(
          fc.constantFrom('STEP_STARTED', 'STEP_SUCCEEDED', 'STEP_FAILED'),
          fc.constantFrom(' {stepId: S1}', ' {stepId: S2}', ''),
        )
        .map((parts) => parts.join('')),
    );
    const end = fc.constantFrom('EXECUTION_FAILED', 'EXECUTION_ABORTED');
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), end, (lines, last) => {
        const history = messagesOf(...lines, last);
        const answers = WITHOUT_INFORMATION.map((payload) => {
          const { index, facts } = findFailure(withActivities(history, payload)) ?? {};
          return { index, step: facts?.step };
        });
        expect(answers[1]).toEqual(answers[0]);
        expect(answers[2]).toEqual(answers[0]);
        expect(answers[0]?.step).not.toBe('');
      }),
    );
  });

  test('has the text of the terminal message as its cause, if the failure has no text', () => {
    expect(findFailure(messagesOf('STEP_FAILED', 'EXECUTION_FAILED out of memory'))?.facts).toEqual({
      messageId: '0',
      eventType: 'STEP_FAILED',
      cause: 'out of memory',
    });
    expect(findFailure(messagesOf('EXECUTION_FAILED'))?.facts).not.toHaveProperty('cause');
  });

  test.each([
    ['{"stepId": "A", "error": "E.1", "cause": "it {broke}"}', 'E.1', 'it {broke}'],
    ['{"stepId": "A", "error": 5, "cause": null}', undefined, '{"stepId": "A", "error": 5, "cause": null}'],
    ['{stepId: A, error: E.1, cause: a, b}', 'E.1', 'a, b'],
    ['{stepId: A, cause: {a: b}}', undefined, '{stepId: A, cause: {a: b}}'],
    ['{stepId: A, cause: }', undefined, '{stepId: A, cause: }'],
    ['prose about an error: E and its cause: none', undefined, 'prose about an error: E and its cause: none'],
    ['{', undefined, '{'],
  ])('has the error and the cause that can be parsed from %s', (payload, error, cause) => {
    const { facts } =
      findFailure([{ eventType: 'STEP_FAILED', payload }, { eventType: 'EXECUTION_FAILED' }]) ?? {};
    expect([facts?.error, facts?.cause]).toEqual([error, cause]);
  });

  test('is found in bounded time, whatever the size and the text of the payloads', () => {
    const nasty = ['cause:', 'stepId', 'error     ', '{stepId:', 'cause: "'].map(
      (text) => `{${text.repeat(40_000)}`,
    );
    const history = Array.from({ length: ENDING_MESSAGES_MAX }, (_, index): Message => ({
      eventType: index % 2 === 0 ? 'ACTIVITY_STARTED' : 'STEP_SUCCEEDED',
      payload: nasty[index % nasty.length] ?? '',
    }));
    for (const payload of nasty) history.push({ eventType: 'STEP_FAILED', payload });
    // A search in quadratic time would take minutes and exceed the time limit of the test.
    const found = findFailure([...history, { eventType: 'EXECUTION_FAILED' }]);
    expect(found).toBeDefined();
  });
});
