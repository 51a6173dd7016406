/**
 * State machines that start other executions. Nested uses the service integration `states:startExecution`, once
 * with and once without waiting for the child's end. DistributedMap uses a map run. The ids of the children can
 * be derived from the parent's id, and vice versa. The events have the form of recorded ones (test/data).
 */
import { EventScore, type EventBeat, type Run, startText } from './event-beats.ts';

/** The times at which Nested starts its children, and at which it learns that the first child has ended. */
const SYNC_CHILD_MS = 300;
const SYNC_END_MS = 3_000;
const ASYNC_CHILD_MS = 3_300;

/**
 * Each child of Nested: the ending of its name (`mark`), its state machine, and how long after the parent it
 * starts.
 */
const CHILDREN = {
  sync: { mark: '-order', machine: 'LambdaCalls', afterMs: SYNC_CHILD_MS },
  async: { mark: '-notify', machine: 'FailingMap', afterMs: ASYNC_CHILD_MS },
} as const;

const childOf = ({ home, startMs, suffix }: Run, { mark, machine, afterMs }: Child): string =>
  `${home}:execution:${machine}:${startText(startMs + afterMs)}_${suffix}${mark}`;

type Child = (typeof CHILDREN)[keyof typeof CHILDREN];

export interface StartedRun {
  readonly executionArn: string;
  readonly startMs: number;
}

/** Returns the executions of `machine` that a run of Nested starts. */
export const nestedRuns = (parent: Run, machine: string): StartedRun[] =>
  Object.values(CHILDREN)
    .filter((child) => child.machine === machine)
    .map((child) => ({ executionArn: childOf(parent, child), startMs: parent.startMs + child.afterMs }));

/** Returns the ARN of a run's parent if Nested started the run. Undefined for other runs. */
export function nestedParent({ home, startMs, suffix }: Run): string | undefined {
  const child = Object.values(CHILDREN).find(({ mark }) => suffix.endsWith(mark));
  return (
    child &&
    `${home}:execution:Nested:${startText(startMs - child.afterMs)}_${suffix.slice(0, -child.mark.length)}`
  );
}

/**
 * The history of Nested. It starts an order and waits for its end, then starts a notification without waiting.
 */
export function nested(run: Run): readonly EventBeat[] {
  const score = new EventScore();
  const parent = `${run.home}:execution:Nested:${startText(run.startMs)}_${run.suffix}`;
  const region = run.home.split(':')[3];
  const parameters = (machine: string) =>
    JSON.stringify({
      StateMachineArn: `${run.home}:stateMachine:${machine}`,
      // AWS's console uses this member to link parent and child.
      Input: { AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: parent },
    });
  const started = (child: Child) =>
    JSON.stringify({ ExecutionArn: childOf(run, child), StartDate: run.startMs + child.afterMs });
  score.add(0, 'ExecutionStarted', { executionStartedEventDetails: { input: '{}' } });
  const call = (atMs: number, step: string, resource: string, { machine }: Child): object => {
    const details = { resource, resourceType: 'states' };
    score.add(atMs, 'TaskStateEntered', { stateEnteredEventDetails: { name: step, input: '{}' } });
    const scheduled = { ...details, region, parameters: parameters(machine) };
    score.add(atMs + 20, 'TaskScheduled', { taskScheduledEventDetails: scheduled });
    score.add(atMs + 60, 'TaskStarted', { taskStartedEventDetails: details });
    return details;
  };
  const sync = call(20, 'Place order', 'startExecution.sync:2', CHILDREN.sync);
  score.add(SYNC_CHILD_MS + 40, 'TaskSubmitted', {
    taskSubmittedEventDetails: { ...sync, output: started(CHILDREN.sync) },
  });
  const ended = JSON.stringify({ ...JSON.parse(started(CHILDREN.sync)), Status: 'SUCCEEDED', Output: {} });
  score.add(SYNC_END_MS, 'TaskSucceeded', { taskSucceededEventDetails: { ...sync, output: ended } });
  score.add(SYNC_END_MS + 20, 'TaskStateExited', {
    stateExitedEventDetails: { name: 'Place order', output: ended },
  });
  const async = call(SYNC_END_MS + 40, 'Notify', 'startExecution', CHILDREN.async);
  const output = started(CHILDREN.async);
  score.add(ASYNC_CHILD_MS + 40, 'TaskSucceeded', { taskSucceededEventDetails: { ...async, output } });
  score.add(ASYNC_CHILD_MS + 60, 'TaskStateExited', { stateExitedEventDetails: { name: 'Notify', output } });
  score.add(ASYNC_CHILD_MS + 80, 'ExecutionSucceeded', { executionSucceededEventDetails: { output } });
  return score.beats;
}

/** The number of children of a map run. They start one after another. */
export const MAP_RUN_CHILDREN = 12;
/** The numbers of the children that fail. */
const FAILING_CHILDREN: readonly number[] = [3, 7];
const MAP_RUN_STARTS_MS = 200;
const CHILD_EVERY_MS = 700;
const CHILD_TAKES_MS = 2_000;
const MAP_RUN_ENDS_MS = MAP_RUN_STARTS_MS + MAP_RUN_CHILDREN * CHILD_EVERY_MS + CHILD_TAKES_MS;
const LABEL = 'Lines';

const childStartsAfterMs = (index: number): number => MAP_RUN_STARTS_MS + (index + 1) * CHILD_EVERY_MS;

const mapRunArn = ({ home, startMs, suffix }: Run): string =>
  `${home}:mapRun:DistributedMap/${LABEL}:${startText(startMs)}_${suffix}`;

/** The history of DistributedMap: a distributed map over twelve lines. It tolerates that two of them fail. */
export function distributedMap(run: Run): readonly EventBeat[] {
  const score = new EventScore();
  const output = `{"lines":${MAP_RUN_CHILDREN}}`;
  score.add(0, 'ExecutionStarted', { executionStartedEventDetails: { input: '{}' } });
  score.add(40, 'MapStateEntered', { stateEnteredEventDetails: { name: LABEL, input: '{}' } });
  score.add(60, 'MapStateStarted', { mapStateStartedEventDetails: { length: MAP_RUN_CHILDREN } });
  score.add(MAP_RUN_STARTS_MS, 'MapRunStarted', {
    mapRunStartedEventDetails: { mapRunArn: mapRunArn(run) },
  });
  score.add(MAP_RUN_ENDS_MS, 'MapRunSucceeded');
  score.add(MAP_RUN_ENDS_MS + 20, 'MapStateSucceeded');
  score.add(MAP_RUN_ENDS_MS + 40, 'MapStateExited', { stateExitedEventDetails: { name: LABEL, output } });
  score.add(MAP_RUN_ENDS_MS + 60, 'ExecutionSucceeded', { executionSucceededEventDetails: { output } });
  return score.beats;
}

/** Matches the suffix of a child, which ends with the child's number. */
const CHILD_SUFFIX = /^(.+)-(\d{1,2})$/;

/** The history of a map run's child. The child's number decides whether it fails. */
export function mapRunChild({ suffix }: Run): readonly EventBeat[] {
  const index = Number(CHILD_SUFFIX.exec(suffix)?.[2]);
  const score = new EventScore();
  score.add(0, 'ExecutionStarted', { executionStartedEventDetails: { input: `{"line":${index}}` } });
  score.add(20, 'PassStateEntered', {
    stateEnteredEventDetails: { name: 'Line', input: `{"line":${index}}` },
  });
  if (FAILING_CHILDREN.includes(index)) {
    const details = { error: 'LineRefused', cause: `line ${index}` };
    score.add(CHILD_TAKES_MS, 'ExecutionFailed', { executionFailedEventDetails: details });
    return score.beats;
  }
  score.add(CHILD_TAKES_MS - 20, 'PassStateExited', {
    stateExitedEventDetails: { name: 'Line', output: '{}' },
  });
  score.add(CHILD_TAKES_MS, 'ExecutionSucceeded', { executionSucceededEventDetails: { output: '{}' } });
  return score.beats;
}

/** The state machine of the map run's children, as it is named in their ARNs. */
export const MAP_RUN_MACHINE = `DistributedMap/${LABEL}`;

/** Returns the children of a map run, derived from the run of their parent. */
export const mapRunRuns = ({ home, startMs, suffix }: Run): StartedRun[] =>
  Array.from({ length: MAP_RUN_CHILDREN }, (_, index) => {
    const childStartMs = startMs + childStartsAfterMs(index);
    const name = `${startText(childStartMs)}_${suffix}-${index}`;
    return { executionArn: `${home}:execution:${MAP_RUN_MACHINE}:${name}`, startMs: childStartMs };
  });

/** Returns the ARN of the map run that started a child. */
export function mapRunOfChild({ home, startMs, suffix }: Run): string | undefined {
  const [, parentSuffix, index] = CHILD_SUFFIX.exec(suffix) ?? [];
  if (parentSuffix === undefined) return undefined;
  return mapRunArn({ home, startMs: startMs - childStartsAfterMs(Number(index)), suffix: parentSuffix });
}
