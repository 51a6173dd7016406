/**
 * Events of Step Functions, each with its time after the start. Histories of the emulator's state machines are
 * lists of them.
 */
import type { UntimedEvent } from '../history.ts';

/** An event and its time after the start. */
export interface EventBeat {
  readonly afterMs: number;
  readonly event: UntimedEvent;
}

/** An execution of a scenario: the parts of its ARN. */
export interface Run {
  /** `arn:aws:states:us-west-2:123456789012` */
  readonly home: string;
  readonly startMs: number;
  /** The part of the execution's name that follows the start time. */
  readonly suffix: string;
}

/** Collects events in chronological order. Each event names the one before as its previous event. */
export class EventScore {
  readonly beats: EventBeat[] = [];

  add(afterMs: number, type: string, details: object = {}): void {
    const id = this.beats.length + 1;
    this.beats.push({ afterMs, event: { type, id, previousEventId: id - 1, ...details } });
  }
}

/** Formats the start time of an execution for its name: `2026-01-01T00-00-00-000Z`. */
export const startText = (startMs: number): string =>
  new Date(startMs).toISOString().replaceAll(/[:.]/g, '-');

/** Parses the result of `startText`. NaN for any other text. */
export function startOfText(text: string): number {
  const [, day, hour, minute, second, millisecond] =
    /^(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})-(\d{3})Z$/.exec(text) ?? [];
  return Date.parse(`${day}T${hour}:${minute}:${second}.${millisecond}Z`);
}
