/**
 * Events of Step Functions, each with its time after the start. The emulator's state machines consist of
 * them.
 */
import type { UntimedEvent } from '../history.ts';

/** An event and when it happens after the start. */
export interface EventBeat {
  readonly afterMs: number;
  readonly event: UntimedEvent;
}

/** One execution of a scenario, as its ARN names it. */
export interface Run {
  /** `arn:aws:states:us-west-2:123456789012` */
  readonly home: string;
  readonly startMs: number;
  /** What follows the start time in its name. */
  readonly suffix: string;
}

/** Collects events in order of time, each the successor of the one before. */
export class EventScore {
  readonly beats: EventBeat[] = [];

  add(afterMs: number, type: string, details: object = {}): void {
    const id = this.beats.length + 1;
    this.beats.push({ afterMs, event: { type, id, previousEventId: id - 1, ...details } });
  }
}

/** The start of an execution as its name has it: `2026-01-01T00-00-00-000Z`. */
export const startText = (startMs: number): string =>
  new Date(startMs).toISOString().replaceAll(/[:.]/g, '-');

/** The time of a `startText`; NaN for any other text. */
export function startOfText(text: string): number {
  const [, day, hour, minute, second, millisecond] =
    /^(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})-(\d{3})Z$/.exec(text) ?? [];
  return Date.parse(`${day}T${hour}:${minute}:${second}.${millisecond}Z`);
}
