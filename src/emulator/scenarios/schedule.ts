/**
 * Executions that start by themselves, so that lists of a local run are not empty. Each state machine has its
 * own interval between starts. The schedule depends only on the time, so it is the same after a restart.
 */
import type { Run } from './event-beats.ts';
import { nestedRuns, type StartedRun } from './nested-machines.ts';
import { messageUuid } from './scenario.ts';
import { scenarioArn } from './step-functions-catalog.ts';
import type { StateMachineName } from './step-functions-machines.ts';

const MINUTE_MS = 60_000;

/**
 * The interval of each state machine. `Rounds` starts every four minutes and runs for five, so one execution
 * of it is always running.
 */
const EVERY_MS: Readonly<Record<StateMachineName, number>> = {
  LambdaCalls: 6 * MINUTE_MS,
  FailingMap: 17 * MINUTE_MS,
  CaughtError: 23 * MINUTE_MS,
  ParallelBranches: 11 * MINUTE_MS,
  Redriven: 45 * MINUTE_MS,
  Rounds: 4 * MINUTE_MS,
  OrderFulfilment: 9 * MINUTE_MS,
  BulkOrder: 7 * MINUTE_MS,
  Nested: 13 * MINUTE_MS,
  DistributedMap: 29 * MINUTE_MS,
};

/**
 * How far back the schedule goes. Long enough for lists of several pages, and short enough to make them
 * quickly.
 */
const SCHEDULED_MS = 12 * 60 * MINUTE_MS;

/**
 * Returns the runs of a state machine in a place (`us-west-2:123456789012`) that have started by `nowMs`, and
 * those that a running `Nested` is about to start.
 */
export function scheduledRuns(machine: StateMachineName, place: string, nowMs: number): StartedRun[] {
  const own = startsOf(machine, nowMs).map((startMs) => ({
    executionArn: scenarioArn(machine, startMs, uuidOf(machine, startMs), place),
    startMs,
  }));
  const started = startsOf('Nested', nowMs).flatMap((startMs) => {
    const parent: Run = { home: `arn:aws:states:${place}`, startMs, suffix: uuidOf('Nested', startMs) };
    return nestedRuns(parent, machine);
  });
  return [...own, ...started];
}

/** A UUID that depends only on the machine and the start time. */
const uuidOf = (machine: StateMachineName, startMs: number): string => messageUuid(machine, startMs);

function startsOf(machine: StateMachineName, nowMs: number): number[] {
  const everyMs = EVERY_MS[machine];
  const last = Math.floor(nowMs / everyMs);
  const count = Math.floor(SCHEDULED_MS / everyMs);
  return Array.from({ length: count }, (_, index) => (last - index) * everyMs);
}
