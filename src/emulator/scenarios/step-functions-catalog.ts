/**
 * The ARNs that run state machines of the emulator. An ARN determines its whole history:
 * `arn:aws:states:us-west-2:123456789012:execution:<StateMachine>:<start time>_<uuid>`, the time with dashes in place of
 * characters that a name may not have: `2026-01-01T00-00-00-000Z`. Any region and account is accepted.
 */
import type { History, WireEvent } from '../history.ts';
import { STATE_MACHINES, type StateMachineName } from './step-functions-machines.ts';

const ARN =
  /^arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:execution:([A-Za-z0-9]+):(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})-(\d{3})Z_[A-Za-z0-9-]+$/;

/** The ARN of an execution of `machine` that started, or will start, at `startMs` (milliseconds since the epoch). */
export const scenarioArn = (
  machine: StateMachineName,
  startMs: number,
  uuid: string,
  account = 'us-west-2:123456789012',
): string =>
  `arn:aws:states:${account}:execution:${machine}:${new Date(startMs).toISOString().replaceAll(/[:.]/g, '-')}_${uuid}`;

/** The history of an ARN; undefined if the emulator has no such state machine. */
export function scenarioEvents(arn: string): History<WireEvent> | undefined {
  const [, name, day, hour, minute, second, millisecond] = ARN.exec(arn) ?? [];
  const startMs = Date.parse(`${day}T${hour}:${minute}:${second}.${millisecond}Z`);
  const beats = STATE_MACHINES.find((machine) => machine.name === name)?.beats;
  if (beats === undefined || Number.isNaN(startMs)) return undefined;
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
