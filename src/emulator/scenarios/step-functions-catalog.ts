/**
 * The ARNs of executions of the emulator's state machines. An ARN determines the execution's whole history:
 * `arn:aws:states:us-west-2:123456789012:execution:<StateMachine>:<start time>_<uuid>`. In the start time,
 * dashes replace characters that a name must not contain: `2026-01-01T00-00-00-000Z`. Any region and account is
 * accepted. Map runs and their children (`<StateMachine>/<label>`) have ARNs of the same form.
 */
import type { History, WireEvent } from '../history.ts';
import { type EventBeat, type Run, startOfText, startText } from './event-beats.ts';
import {
  MAP_RUN_MACHINE,
  mapRunChild,
  mapRunOfChild,
  mapRunRuns,
  type StartedRun,
} from './nested-machines.ts';
import { STATE_MACHINES, type StateMachineName } from './step-functions-machines.ts';

const ARN =
  /^(arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}):(execution|mapRun):([A-Za-z0-9]+(?:\/[A-Za-z0-9]+)?):([\dTZ-]{24})_([A-Za-z0-9-]+)$/;

/**
 * Returns the ARN of an execution of `machine` that starts at `startMs` (milliseconds since the epoch), in
 * the past or future. `account` is `<region>:<account>`.
 */
export const scenarioArn = (
  machine: StateMachineName,
  startMs: number,
  uuid: string,
  account = 'us-west-2:123456789012',
): string => `arn:aws:states:${account}:execution:${machine}:${startText(startMs)}_${uuid}`;

interface ParsedArn extends Run {
  readonly resource: string;
  readonly machine: string;
}

function parseScenarioArn(arn: string): ParsedArn | undefined {
  const [, home = '', resource = '', machine = '', start = '', suffix = ''] = ARN.exec(arn) ?? [];
  const startMs = startOfText(start);
  return Number.isNaN(startMs) ? undefined : { home, resource, machine, startMs, suffix };
}

function beatsOf({ resource, machine, ...run }: ParsedArn): readonly EventBeat[] | undefined {
  if (resource !== 'execution') return undefined;
  if (machine === MAP_RUN_MACHINE) return mapRunChild(run);
  return STATE_MACHINES.find(({ name }) => name === machine)?.beats(run);
}

/** Returns the history of an execution. Undefined if the ARN belongs to no state machine of the emulator. */
export function scenarioEvents(arn: string): History<WireEvent> | undefined {
  const parsed = parseScenarioArn(arn);
  const beats = parsed && beatsOf(parsed);
  if (!beats) return undefined;
  const { startMs } = parsed;
  return {
    at: (nowMs) => {
      if (nowMs < startMs) return undefined;
      const next = beats.findIndex(({ afterMs }) => startMs + afterMs > nowMs);
      return {
        count: next === -1 ? beats.length : next,
        message: (position) => {
          const beat = beats[position];
          if (beat === undefined) throw new RangeError(`no event at position ${position}`);
          return { ...beat.event, timestamp: (startMs + beat.afterMs) / 1000 };
        },
      };
    },
  };
}

/** Returns the children of a scenario's map run. Undefined for any other ARN. */
export function scenarioMapRun(arn: string): StartedRun[] | undefined {
  const parsed = parseScenarioArn(arn);
  return parsed?.resource === 'mapRun' && parsed.machine === MAP_RUN_MACHINE ? mapRunRuns(parsed) : undefined;
}

/**
 * Returns the ARN of the map run that started an execution. Undefined if the execution is not a map run's
 * child.
 */
export function scenarioMapRunOf(arn: string): string | undefined {
  const parsed = parseScenarioArn(arn);
  return parsed?.machine === MAP_RUN_MACHINE ? mapRunOfChild(parsed) : undefined;
}
