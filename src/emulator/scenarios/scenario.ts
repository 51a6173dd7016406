/**
 * A scenario is a flow that can be run any number of times: the whole history of an execution can be computed
 * from its id. This file makes histories from fixed lists of messages with times (beats). Long flows
 * (large-flow.ts, endless-flow.ts) compute each message.
 */
import { createHash } from 'node:crypto';
import type { EventType } from '../../messages/event-types.ts';
import type { History } from '../history.ts';
import { hex } from '../hex.ts';

export type ScenarioName =
  'CloudFlow' | 'SecurityFlow' | 'FailingFlow' | 'AbortedFlow' | 'LargeFlow' | 'EndlessFlow';

export interface Scenario {
  /** The flow's name, as in the execution's id. */
  readonly name: ScenarioName;
  /** A sentence about what a reader will see. */
  readonly description: string;
  /** The trigger that starts the flow. It follows the start time in the id. */
  readonly trigger: string;
  /** The time from the first message to the last. Undefined if the flow never ends. */
  readonly durationMs: number | undefined;
  /**
   * Returns the history of an execution. `uuid` makes its message ids differ from those of other executions.
   */
  history(startMs: number, uuid: string): History;
}

/** A message of a fixed timeline. If `payload` is absent here, it is also absent on the wire. */
export interface Beat {
  readonly afterMs: number;
  readonly eventType: EventType;
  readonly payload?: string;
}

/**
 * Returns the history of a fixed timeline. `beats` are in chronological order. `idOf` returns the message id
 * for a position.
 */
export function timeline(
  beats: readonly Beat[],
  startMs: number,
  idOf: (position: number) => string,
): History {
  return {
    at: (nowMs) => {
      if (nowMs < startMs) return undefined;
      const next = beats.findIndex(({ afterMs }) => startMs + afterMs > nowMs);
      return {
        count: next === -1 ? beats.length : next,
        message: (position) => {
          const beat = beats[position];
          if (beat === undefined) throw new RangeError(`no message at position ${position}`);
          return {
            messageId: idOf(position),
            eventType: beat.eventType,
            timestamp: (startMs + beat.afterMs) / 1000,
            ...(beat.payload === undefined ? {} : { payload: beat.payload }),
          };
        },
      };
    },
  };
}

/** Returns 16 bytes that look random, but are always the same for the same message of the same execution. */
export const messageHash = (uuid: string, position: number): Uint8Array =>
  new Uint8Array(createHash('sha256').update(`${uuid}/${position}`).digest()).subarray(0, 16);

/** Returns a message id in the form of a UUID (version 4), as in most real flows. */
export function messageUuid(uuid: string, position: number): string {
  const digits = hex(messageHash(uuid, position));
  const variant = '89ab'.charAt(Number.parseInt(digits.charAt(16), 16) % 4);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join('-');
}
