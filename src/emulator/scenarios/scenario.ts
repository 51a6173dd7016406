/**
 * A scenario: a flow that can be run again and again, because an execution's whole history follows from its
 * id. Fixed timelines are made here from a list of beats; long flows (large-flow.ts, endless-flow.ts) compute
 * each message.
 */
import { createHash } from 'node:crypto';
import type { EventType } from '../../messages/event-types.ts';
import type { History } from '../history.ts';

export type ScenarioName =
  'CloudFlow' | 'SecurityFlow' | 'FailingFlow' | 'AbortedFlow' | 'LargeFlow' | 'EndlessFlow';

export interface Scenario {
  /** The flow's name, as it stands in the execution's id. */
  readonly name: ScenarioName;
  /** One sentence: what a reader will see. */
  readonly description: string;
  /** What starts such a flow: the part of the id that follows the start time. */
  readonly trigger: string;
  /** From the first message to the last; undefined: it never ends. */
  readonly durationMs: number | undefined;
  /** `uuid` makes the message ids of two executions differ. */
  history(startMs: number, uuid: string): History;
}

/** One message of a fixed timeline. Without a payload, the member is absent on the wire. */
export interface Beat {
  readonly afterMs: number;
  readonly eventType: EventType;
  readonly payload?: string;
}

/** The history of a fixed timeline: `beats` in order of time, `idOf` the message id of each position. */
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

/** 16 bytes that look random and are always the same for one message of one execution. */
export const messageHash = (uuid: string, position: number): Uint8Array =>
  new Uint8Array(createHash('sha256').update(`${uuid}/${position}`).digest()).subarray(0, 16);

/** A message id in the form of a UUID (version 4), as most real flows have them. */
export function messageUuid(uuid: string, position: number): string {
  const hex = Array.from(messageHash(uuid, position), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) % 4);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
