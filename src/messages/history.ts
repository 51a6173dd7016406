/**
 * A history that is read in chunks, from upstream or from the archive. The same code cuts pages and streams
 * from chunks, so that a reader cannot notice when an execution is archived (invariant 1).
 */
import type { Result } from '../core/errors.ts';
import type { ExecutionName } from '../core/execution-ref.ts';
import type { Position } from './cursor.ts';
import { type Fingerprint, fingerprintAfter, fingerprintAtStart } from './fingerprint.ts';
import type { Message } from './message.ts';

/** Consecutive messages. */
export interface Chunk {
  /** Position of the first message. */
  readonly start: number;
  readonly messages: readonly Message[];
  /** The fingerprints at each position of the chunk and after it: one more than there are messages. */
  readonly fingerprints: readonly Fingerprint[];
  /** `messagesBytes` of the messages, computed once: requests are bounded by what they look at. */
  readonly bytes: number;
  /** No later message is known. */
  readonly last: boolean;
  /** When the source last confirmed it, in clock milliseconds. Absent: it cannot change. */
  readonly confirmedAtMs?: number;
}

export interface History {
  /** No message can follow any more: a position past the end belongs to another history. */
  readonly complete: boolean;
  /** The chunk that holds this position, or the last one when the position is at or beyond the end. */
  chunkAt(position: number): Promise<Result<Chunk>>;
}

/** Position 0 of an execution's history. */
export const startOf = (execution: ExecutionName): Position => ({
  position: 0,
  fingerprint: fingerprintAtStart(execution),
});

/** A string of 16 characters and its place in the array. */
const FINGERPRINT_BYTES = 40;

/** Estimates what a chunk takes in memory. */
export const chunkBytes = ({ bytes, fingerprints }: Chunk): number =>
  bytes + FINGERPRINT_BYTES * fingerprints.length + 256;

export const endOf = (chunk: Chunk): number => chunk.start + chunk.messages.length;

/** The position with its fingerprint; undefined unless it lies in the chunk or right after it. */
export function positionIn(chunk: Chunk, position: number): Position | undefined {
  const fingerprint = chunk.fingerprints[position - chunk.start];
  return fingerprint === undefined ? undefined : { position, fingerprint };
}

/**
 * The position after this message of the chunk. The fingerprint is computed only if the chunk does not have
 * it.
 */
export const positionAfter = (
  chunk: Chunk,
  { position, fingerprint }: Position,
  message: Message,
): Position => ({
  position: position + 1,
  fingerprint: chunk.fingerprints[position + 1 - chunk.start] ?? fingerprintAfter(fingerprint, message),
});
