import { describe, expect, test } from 'vitest';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import { scenarioArn, scenarioEvents } from '../../src/emulator/scenarios/step-functions-catalog.ts';
import type { Started } from '../../src/messages/started-executions.ts';
import { stepFunctionsLineage } from '../../src/sources/step-functions/step-functions-lineage.ts';
import { messageOfEvent } from '../../src/sources/step-functions/step-functions-mapping.ts';
import type { HistoryEvent } from '../../src/sources/step-functions/step-functions-mapping.ts';
import { readRecordedHistories } from './recorded-histories.ts';
import { UUID } from './source-under-test.ts';

const messagesOf = (events: readonly HistoryEvent[]) =>
  events.flatMap((event) => messageOfEvent(event) ?? []);

const startedIn = (events: readonly HistoryEvent[]): Started[] =>
  messagesOf(events).flatMap((message) => stepFunctionsLineage.started(message) ?? []);

const scenario = (arn: string): HistoryEvent[] => {
  const view = scenarioEvents(arn)?.at(Infinity);
  return Array.from({ length: view?.count ?? 0 }, (_, at) => view?.message(at)).flatMap(
    (event) => event ?? [],
  );
};

const CHILD = 'arn:aws:states:us-west-2:123456789012:execution:Order:run-1';
const output = JSON.stringify({ ExecutionArn: CHILD });
const task = (type: string, resource: string, more: object = {}): HistoryEvent => ({
  id: 1,
  type,
  timestamp: 1,
  [`${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`]: {
    resource,
    resourceType: 'states',
    output,
    ...more,
  },
});

describe('an execution that a task started', () => {
  test.each([
    ['startExecution', 'TaskSucceeded'],
    ['startExecution.sync', 'TaskSubmitted'],
    ['startExecution.sync:2', 'TaskSubmitted'],
    ['startExecution.waitForTaskToken', 'TaskSubmitted'],
  ])('with %s is found once, in the event %s', (resource, type) => {
    const both = ['TaskSubmitted', 'TaskSucceeded'].map((of) => task(of, resource));
    expect(startedIn(both)).toEqual([parseExecutionRef(CHILD)]);
    expect(startedIn([task(type, resource)])).toEqual([parseExecutionRef(CHILD)]);
  });

  test.each([
    ['another resource', task('TaskSucceeded', 'invoke')],
    ['another service', task('TaskSucceeded', 'startExecution', { resourceType: 'lambda' })],
    ['no output', task('TaskSucceeded', 'startExecution', { output: undefined })],
    ['output that is not JSON', task('TaskSucceeded', 'startExecution', { output: '{' })],
    ['output without an ARN', task('TaskSucceeded', 'startExecution', { output: '{"ExecutionArn":"x"}' })],
    ['output that is null', task('TaskSucceeded', 'startExecution', { output: 'null' })],
  ])('is not found in an event with %s', (_, event) => {
    expect(startedIn([event])).toEqual([]);
  });
});

test('as many executions and map runs are found as the recorded histories start', () => {
  const mapRunArn = 'arn:aws:states:us-west-2:111111111111:mapRun:Machine/label:uuid';
  // ARNs are placeholders in the recordings, so they are replaced by valid ones.
  const events: HistoryEvent[] = JSON.parse(
    JSON.stringify(readRecordedHistories().flatMap((history) => history.events))
      .replaceAll('arn:<partition>:states:<region>', 'arn:aws:states:us-west-2')
      .replaceAll('"map_run_arn"', JSON.stringify(mapRunArn))
      .replaceAll(/<[^<>]+>/g, 'x'),
  );
  const started = startedIn(events);
  const mapRuns = started.filter((child) => 'mapRunArn' in child);
  expect(mapRuns).toHaveLength(events.filter(({ type }) => type === 'MapRunStarted').length);
  // One recording starts an execution without waiting for it, and two recordings start one and wait for it.
  expect(started.length - mapRuns.length).toBe(3);
});

test('a parent and its children name each other', () => {
  const parent = scenarioArn('Nested', 1_000_000, UUID);
  const children = startedIn(scenario(parent));
  expect(children).toHaveLength(2);
  for (const child of children) {
    if (!('executionId' in child)) return expect.unreachable();
    const [first = {}] = messagesOf(scenario(child.executionId));
    expect(stepFunctionsLineage.parent(first)).toBe(parent);
  }
  const [first = {}] = messagesOf(scenario(parent));
  expect(stepFunctionsLineage.parent(first)).toBeUndefined();
  expect(startedIn(scenario(scenarioArn('DistributedMap', 1_000_000, UUID)))).toEqual([
    {
      mapRunArn: expect.stringContaining(':mapRun:DistributedMap/Lines:'),
      arn: expect.objectContaining({ machine: 'DistributedMap', label: 'Lines' }),
    },
  ]);
});
