import { expect, test } from 'vitest';

import { type FlowMessage, type Step, toSteps } from '../../src/client/client.ts';
import { partsOf, reasonOf } from '../../src/viewer/timeline/attempts.ts';

const at = (ms: number): string => new Date(ms).toISOString();
const message = (
  id: number,
  ms: number,
  eventType: string,
  more: Partial<FlowMessage> = {},
): FlowMessage => ({
  messageId: `m${id}`,
  eventType,
  timestamp: at(ms),
  step: 'Read',
  ...more,
});

/** Returns the parts of the first step as text, with their start and end in milliseconds. */
function parts(messages: readonly FlowMessage[], nowMs: number): string[] {
  // Safety: the messages contain a step.
  const [step] = toSteps(messages).children as readonly [Step];
  const byId = new Map(messages.map((entry) => [entry.messageId, entry]));
  const endMs = step.endedAt === undefined ? nowMs : Date.parse(step.endedAt);
  return partsOf(step, (id) => byId.get(id), endMs).map(
    ({ kind, outcome, attempt, startMs, endMs: end }) => `${kind} ${attempt} ${outcome} ${startMs}-${end}`,
  );
}

const TWICE = [
  message(1, 0, 'STEP_STARTED'),
  message(2, 10, 'ACTIVITY_SCHEDULED'),
  message(3, 100, 'ACTIVITY_FAILED'),
  message(4, 300, 'ACTIVITY_SCHEDULED'),
];

test('a step with a single attempt has no parts', () => {
  expect(parts(TWICE.slice(0, 3), 200)).toEqual([]);
});

test('attempts and the pauses between them follow each other without a gap', () => {
  const ended = [...TWICE, message(5, 390, 'ACTIVITY_SUCCEEDED'), message(6, 400, 'STEP_SUCCEEDED')];
  expect(parts(ended, 1_000)).toEqual([
    'attempt 1 failed 0-100',
    'pause 1 failed 100-300',
    'attempt 2 succeeded 300-400',
  ]);
});

test('an attempt or pause that has not ended lasts until now', () => {
  expect(parts(TWICE, 350).at(-1)).toBe('attempt 2 running 300-350');
  expect(parts([...TWICE, message(5, 360, 'ACTIVITY_FAILED')], 500).slice(2)).toEqual([
    'attempt 2 failed 300-360',
    'pause 2 running 360-500',
  ]);
});

test('an attempt of a parallel state ends with the last step in it', () => {
  const sfn = (
    id: number,
    ms: number,
    upstreamType: string,
    eventType: string,
    step?: string,
    previous = id - 1,
  ) => ({
    messageId: String(id),
    timestamp: at(ms),
    upstreamType,
    eventType,
    previousMessageId: String(previous),
    ...(step !== undefined && { step }),
  });
  const messages: FlowMessage[] = [
    sfn(1, 0, 'ExecutionStarted', 'EXECUTION_STARTED'),
    sfn(2, 0, 'ParallelStateEntered', 'STEP_STARTED', 'Both'),
    sfn(3, 10, 'ParallelStateStarted', 'SCHEDULE_NEXT_READY_STEPS_TASK', 'Both'),
    sfn(4, 20, 'TaskStateEntered', 'STEP_STARTED', 'A'),
    sfn(5, 30, 'TaskScheduled', 'ACTIVITY_SCHEDULED', 'A'),
    sfn(6, 100, 'TaskFailed', 'ACTIVITY_FAILED', 'A'),
    sfn(7, 400, 'ParallelStateStarted', 'SCHEDULE_NEXT_READY_STEPS_TASK', 'Both', 2),
  ];
  expect(parts(messages, 450)).toEqual([
    'attempt 1 failed 0-100',
    'pause 1 failed 100-400',
    'attempt 2 running 400-450',
  ]);
});

test('a step that is running again, or has succeeded at last, names the error of its last failed attempt', () => {
  const failing = TWICE.map((entry, index) => (index === 2 ? { ...entry, error: 'Gateway.Timeout' } : entry));
  const reason = (messages: readonly FlowMessage[]): string | undefined => {
    // Safety: the messages contain a step.
    const [step] = toSteps(messages).children as readonly [Step];
    const byId = new Map(messages.map((entry) => [entry.messageId, entry]));
    return reasonOf(
      step,
      partsOf(step, (id) => byId.get(id), 500),
    );
  };
  expect(reason(failing)).toBe('Gateway.Timeout');
  expect(reason([...failing, message(5, 390, 'ACTIVITY_SUCCEEDED'), message(6, 400, 'STEP_SUCCEEDED')])).toBe(
    'Gateway.Timeout',
  );
  expect(reason(TWICE.slice(0, 2))).toBeUndefined();
});
