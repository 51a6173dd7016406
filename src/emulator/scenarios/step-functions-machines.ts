/**
 * The state machines of the emulator: recorded histories with invented times, since the recordings have none; one that is redriven after it
 * failed; and one that runs for minutes and has several pages.
 */
import type { UntimedEvent } from '../history.ts';
import { orderBeats } from './order-machine.ts';
import {
  caughtError,
  failingMap,
  failingTask,
  lambdaCalls,
  parallelBranches,
} from './step-functions-recordings.ts';

export type StateMachineName =
  | 'LambdaCalls'
  | 'FailingMap'
  | 'CaughtError'
  | 'ParallelBranches'
  | 'Redriven'
  | 'Rounds'
  | 'OrderFulfilment'
  | 'BulkOrder';

/** An event and when it happens after the start. */
export interface EventBeat {
  readonly afterMs: number;
  readonly event: UntimedEvent;
}

export interface StateMachine {
  readonly name: StateMachineName;
  /** One sentence: what a reader will see. */
  readonly description: string;
  readonly beats: readonly EventBeat[];
}

/** How long after the event before it an event of such a type comes: work takes longer than book-keeping. */
function gapMs(type: string): number {
  if (type === 'ExecutionStarted') return 0;
  if (type.endsWith('TimedOut')) return 3_000;
  if (/(?:Succeeded|Failed)$/.test(type) && /^(?:Task|Lambda|Activity)/.test(type)) return 640;
  if (type.endsWith('Started')) return 45;
  return 20;
}

function onTimeline(events: readonly UntimedEvent[], startMs = 0): EventBeat[] {
  let afterMs = startMs;
  return events.map((event) => ({ afterMs: (afterMs += gapMs(event.type)), event }));
}

const recorded = (lines: string): UntimedEvent[] =>
  lines
    .trim()
    .split('\n')
    // Safety: our own recording.
    .map((line) => JSON.parse(line) as UntimedEvent);

/** When the execution of `Redriven` is started again: late enough that a reader sees the first end settle. */
export const REDRIVEN_AFTER_MS = 30_000;

/** What the documentation of RedriveExecution shows: the failed state is tried again, in the same history. */
function redriven(): EventBeat[] {
  const first = recorded(failingTask);
  const output = '{"StatusCode":200,"Payload":null}';
  const detailsOf = (type: string, name: string) => first.find((event) => event.type === type)?.[name];
  const again = [
    { type: 'ExecutionRedriven', executionRedrivenEventDetails: { redriveCount: 1 } },
    {
      type: 'TaskScheduled',
      taskScheduledEventDetails: detailsOf('TaskScheduled', 'taskScheduledEventDetails'),
    },
    { type: 'TaskStarted', taskStartedEventDetails: { resource: 'invoke', resourceType: 'lambda' } },
    {
      type: 'TaskSucceeded',
      taskSucceededEventDetails: { output, resource: 'invoke', resourceType: 'lambda' },
    },
    { type: 'TaskStateExited', stateExitedEventDetails: { name: 'Start', output } },
    { type: 'ExecutionSucceeded', executionSucceededEventDetails: { output } },
  ].map((event, index) => ({
    ...event,
    id: first.length + index + 1,
    previousEventId: first.length + index,
  }));
  return [...onTimeline(first), ...onTimeline(again, REDRIVEN_AFTER_MS)];
}

const ROUNDS = 60;
const ROUND_MS = 5_000;

/** A loop of a task and a pause: 362 events in five minutes. */
function rounds(): EventBeat[] {
  const task = { resource: 'arn:aws:lambda:us-west-2:123456789012:function:patrol' };
  const beats: EventBeat[] = [];
  const add = (afterMs: number, type: string, details: object = {}): void => {
    const id = beats.length + 1;
    beats.push({ afterMs, event: { type, id, previousEventId: id - 1, ...details } });
  };
  add(0, 'ExecutionStarted', { executionStartedEventDetails: { input: '{}' } });
  for (let round = 1; round <= ROUNDS; round++) {
    const startMs = (round - 1) * ROUND_MS;
    const output = `{"round":${round}}`;
    const entered = { stateEnteredEventDetails: { name: 'Patrol', input: `{"round":${round - 1}}` } };
    add(startMs + 20, 'TaskStateEntered', entered);
    add(startMs + 30, 'LambdaFunctionScheduled', { lambdaFunctionScheduledEventDetails: task });
    add(startMs + 70, 'LambdaFunctionStarted');
    add(startMs + 2_500, 'LambdaFunctionSucceeded', { lambdaFunctionSucceededEventDetails: { output } });
    add(startMs + 2_520, 'TaskStateExited', { stateExitedEventDetails: { name: 'Patrol', output } });
    add(startMs + 2_540, 'WaitStateEntered', { stateEnteredEventDetails: { name: 'Pause', input: output } });
  }
  const output = `{"round":${ROUNDS}}`;
  add(ROUNDS * ROUND_MS, 'ExecutionSucceeded', { executionSucceededEventDetails: { output } });
  return beats;
}

export const STATE_MACHINES: readonly StateMachine[] = [
  {
    name: 'LambdaCalls',
    description: 'Two Lambda functions in a row; it succeeds within seconds. Recorded from AWS.',
    beats: onTimeline(recorded(lambdaCalls)),
  },
  {
    name: 'FailingMap',
    description: 'A map whose iterations run into their time limit, which fails it. Recorded from AWS.',
    beats: onTimeline(recorded(failingMap)),
  },
  {
    name: 'CaughtError',
    description: 'A task fails, is tried again, and its error is caught: it succeeds. Recorded from AWS.',
    beats: onTimeline(recorded(caughtError)),
  },
  {
    name: 'ParallelBranches',
    description: 'Two branches side by side; it succeeds. Recorded from AWS.',
    beats: onTimeline(recorded(parallelBranches)),
  },
  {
    name: 'Redriven',
    description: 'It fails within seconds, is redriven half a minute after its start, and succeeds.',
    beats: redriven(),
  },
  {
    name: 'Rounds',
    description: 'A task and a pause, sixty times over: 362 events in five minutes.',
    beats: rounds(),
  },
  {
    name: 'OrderFulfilment',
    description:
      'Three branches side by side, one with a map; tasks are tried again, and an error is caught. It succeeds after more than two minutes.',
    beats: orderBeats(),
  },
  {
    name: 'BulkOrder',
    description: 'The same as OrderFulfilment, but slower: it takes five minutes.',
    beats: orderBeats(2.2),
  },
];
