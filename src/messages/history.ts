/**
 * A history that is read in chunks, from upstream or from the archive. Pages and streams are made from chunks
 * by the same code in both cases. So readers do not notice when an execution is archived (invariant 1).
 */
import type { Result } from '../core/errors.ts';
import type { ExecutionName } from '../core/execution-ref.ts';
import type { Position } from './cursor.ts';
import { type Fingerprint, fingerprintAfter, fingerprintAtStart } from './fingerprint.ts';
import type { Message } from './message.ts';

/** A sequence of consecutive messages. */
export interface Chunk {
  /** Position of the first message. */
  readonly start: number;
  readonly messages: readonly Message[];
  /** The fingerprints before each message and after the last one. */
  readonly fingerprints: readonly Fingerprint[];
  /** `messagesBytes` of the messages, computed once. Limits how much a request reads. */
  readonly bytes: number;
  /** True if no later message is known. */
  readonly last: boolean;
  /** When the source last confirmed the chunk, in clock milliseconds. Absent if the chunk cannot change. */
  readonly confirmedAtMs?: number;
}

export interface History {
  /** True if no message can be added any more. A position past the end is then invalid. */
  readonly complete: boolean;
  /** Reads the chunk that contains this position, or the last chunk if the position is at or past the end. */
  chunkAt(position: number): Promise<Result<Chunk>>;
}

/** Position 0 of an execution's history. */
export const startOf = (execution: ExecutionName): Position => ({
  position: 0,
  fingerprint: fingerprintAtStart(execution),
});

/** A string of 16 characters and its slot in the array. */
const FINGERPRINT_BYTES = 40;

/** Estimates the memory that a chunk takes. */
export const chunkBytes = ({ bytes, fingerprints }: Chunk): number =>
  bytes + FINGERPRINT_BYTES * fingerprints.length + 256;

export const endOf = (chunk: Chunk): number => chunk.start + chunk.messages.length;

/**
 * Returns the position with its fingerprint. Undefined if the position is neither in the chunk nor right
 * after it.
 */
export function positionIn(chunk: Chunk, position: number): Position | undefined {
  const fingerprint = chunk.fingerprints[position - chunk.start];
  return fingerprint === undefined ? undefined : { position, fingerprint };
}

/**
 * Returns the position after this message of the chunk. The fingerprint is computed only if the chunk lacks
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
