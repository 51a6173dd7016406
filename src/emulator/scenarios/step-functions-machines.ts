/**
 * The state machines of the emulator. Some replay recorded histories with invented times, because the
 * recordings have no times. One is redriven after a failure. Others run for minutes and have several pages
 * (Rounds, order-machine.ts) or start other executions (nested-machines.ts).
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
  /** A sentence about what a reader will see. */
  readonly description: string;
  beats(run: Run): readonly EventBeat[];
}

/**
 * The time between the previous event and an event of this type. Events that end work take longer than others.
 */
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
    // Safety: the line is part of our own recording.
    .map((line) => JSON.parse(line) as UntimedEvent);

/** How long after its start `Redriven` is redriven. Late enough for a reader to see the first end settle. */
export const REDRIVEN_AFTER_MS = 30_000;

/** Follows the documentation of RedriveExecution: the failed state is retried, and the history continues. */
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

/** A loop of a task and a pause, with 362 events in five minutes. */
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

/** Returns the same events for each run. If Nested started the run, its input names the parent. */
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
    description: 'Calls two Lambda functions in a row, and succeeds within seconds. Recorded from AWS.',
    beats: fixed(onTimeline(recorded(lambdaCalls))),
  },
  {
    name: 'FailingMap',
    description: 'Fails because the iterations of a map time out. Recorded from AWS.',
    beats: fixed(onTimeline(recorded(failingMap))),
  },
  {
    name: 'CaughtError',
    description: 'A task fails and is retried, then its error is caught. Succeeds. Recorded from AWS.',
    beats: fixed(onTimeline(recorded(caughtError))),
  },
  {
    name: 'ParallelBranches',
    description: 'Two parallel branches. Succeeds. Recorded from AWS.',
    beats: fixed(onTimeline(recorded(parallelBranches))),
  },
  {
    name: 'Redriven',
    description: 'Fails within seconds, is redriven half a minute after its start, and then succeeds.',
    beats: fixed(redriven()),
  },
  {
    name: 'Rounds',
    description: 'Repeats a task and a pause 60 times: 362 events in five minutes.',
    beats: fixed(rounds()),
  },
  {
    name: 'OrderFulfilment',
    description:
      'Three parallel branches, one with a map. Tasks are retried, and an error is caught. Succeeds after more than two minutes.',
    beats: fixed(orderBeats()),
  },
  {
    name: 'BulkOrder',
    description: 'The same as OrderFulfilment, but slower. It takes five minutes.',
    beats: fixed(orderBeats(2.2)),
  },
  {
    name: 'Nested',
    description: 'Starts LambdaCalls and waits for its end, then starts FailingMap without waiting.',
    beats: nested,
  },
  {
    name: 'DistributedMap',
    description: `A map run with ${MAP_RUN_CHILDREN} child executions. Two of them fail, but the map run succeeds.`,
    beats: distributedMap,
  },
];
