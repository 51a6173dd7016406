/**
 * The state machines of the emulator: recorded histories with invented times, since the recordings have none;
 * one that is redriven after it failed; one that runs for minutes and has several pages; and two that start
 * other executions (nested-machines.ts).
 */
import type { UntimedEvent } from '../history.ts';
import { orderBeats } from './order-machine.ts';
import { type EventBeat, EventScore, type Run } from './event-beats.ts';
import { distributedMap, MAP_RUN_CHILDREN, nested, nestedParent } from './nested-machines.ts';
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
  | 'BulkOrder'
  | 'Nested'
  | 'DistributedMap';

export interface StateMachine {
  readonly name: StateMachineName;
  /** One sentence: what a reader will see. */
  readonly description: string;
  beats(run: Run): readonly EventBeat[];
}

/** The time between an event of this type and the one before: work takes longer than book-keeping. */
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

/** As in the documentation of RedriveExecution: the failed state is tried again, in the same history. */
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
  const score = new EventScore();
  const add = score.add.bind(score);
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
  return score.beats;
}

/** The same events in each run. A run that Nested started has the input that names its parent. */
function fixed(beats: readonly EventBeat[]): StateMachine['beats'] {
  return (run) => {
    const parent = nestedParent(run);
    if (parent === undefined) return beats;
    const input = JSON.stringify({ AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: parent });
    return beats.map((beat) =>
      beat.event.type === 'ExecutionStarted'
        ? { ...beat, event: { ...beat.event, executionStartedEventDetails: { input } } }
        : beat,
    );
  };
}

export const STATE_MACHINES: readonly StateMachine[] = [
  {
    name: 'LambdaCalls',
    description: 'Two Lambda functions in a row; it succeeds within seconds. Recorded from AWS.',
    beats: fixed(onTimeline(recorded(lambdaCalls))),
  },
  {
    name: 'FailingMap',
    description: 'A map whose iterations run into their time limit, which fails it. Recorded from AWS.',
    beats: fixed(onTimeline(recorded(failingMap))),
  },
  {
    name: 'CaughtError',
    description: 'A task fails, is tried again, and its error is caught: it succeeds. Recorded from AWS.',
    beats: fixed(onTimeline(recorded(caughtError))),
  },
  {
    name: 'ParallelBranches',
    description: 'Two branches side by side; it succeeds. Recorded from AWS.',
    beats: fixed(onTimeline(recorded(parallelBranches))),
  },
  {
    name: 'Redriven',
    description: 'It fails within seconds, is redriven half a minute after its start, and succeeds.',
    beats: fixed(redriven()),
  },
  {
    name: 'Rounds',
    description: 'A task and a pause, sixty times over: 362 events in five minutes.',
    beats: fixed(rounds()),
  },
  {
    name: 'OrderFulfilment',
    description:
      'Three branches side by side, one with a map; tasks are tried again, and an error is caught. It succeeds after more than two minutes.',
    beats: fixed(orderBeats()),
  },
  {
    name: 'BulkOrder',
    description: 'The same as OrderFulfilment, but slower: it takes five minutes.',
    beats: fixed(orderBeats(2.2)),
  },
  {
    name: 'Nested',
    description: 'It starts LambdaCalls and waits for it, then starts FailingMap and does not wait.',
    beats: nested,
  },
  {
    name: 'DistributedMap',
    description: `A map run with ${MAP_RUN_CHILDREN} child executions, of which two fail; it succeeds.`,
    beats: distributedMap,
  },
];
