/**
 * A history as something that is read in chunks, wherever it lies: upstream or in the archive. Pages and streams are cut
 * from chunks by the same code, so that a reader can't tell when an execution moves from one to the other (invariant 1).
 */
import type { Result } from '../core/errors.ts';
import type { ExecutionName } from '../core/execution-ref.ts';
import type { Position } from './cursor.ts';
import { type Fingerprint, fingerprintAtStart } from './fingerprint.ts';
import type { Message } from './message.ts';

/** A run of messages that lie together. */
export interface Chunk {
  /** Position of the first message. */
  readonly start: number;
  readonly messages: readonly Message[];
  /** At each position of the run, one more than there are messages. */
  readonly fingerprints: readonly Fingerprint[];
  /** No message comes after it, as far as is known now. */
  readonly last: boolean;
  /** When its source was last asked and said so, in clock milliseconds. Absent: it can't change. */
  readonly confirmedAtMs?: number;
}

export interface History {
  /** All messages are there and none can come any more: a position behind the end is of another history. */
  readonly complete: boolean;
  /** The chunk that holds this position, or the last one when the position is at or beyond the end. */
  chunkAt(position: number): Promise<Result<Chunk>>;
}

/** Position 0 of an execution's history. */
export const startOf = (execution: ExecutionName): Position => ({
  position: 0,
  fingerprint: fingerprintAtStart(execution),
});

export const endOf = (chunk: Chunk): number => chunk.start + chunk.messages.length;

/** The position with its fingerprint; undefined when it does not lie in (or right behind) the chunk. */
export function positionIn(chunk: Chunk, position: number): Position | undefined {
  const fingerprint = chunk.fingerprints[position - chunk.start];
  return fingerprint === undefined ? undefined : { position, fingerprint };
}
