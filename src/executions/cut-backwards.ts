/** Reads a history backwards from a position, within bounds. All I/O goes through the `Scan`. */
import { type Failure, type Result, fail, ok } from '../core/errors.ts';
import type { Position } from '../messages/cursor.ts';
import { type Chunk, positionIn } from '../messages/history.ts';
import { type Message, messageBytes } from '../messages/message.ts';
import type { Scan } from './scan.ts';

export interface BackwardsQuery {
  /** Stop after this many matching messages. */
  readonly count: number;
  /** Stop after examining this many messages. */
  readonly examinedMax: number;
  /** Stop before the matching messages exceed this size, but return at least one. */
  readonly bytesMax: number;
  /** Returns the message as its reader sees it, or undefined if the message does not match. */
  readonly show: (message: Message) => Message | undefined;
}

export interface CutBackwards {
  /** Newest first. */
  readonly messages: readonly Message[];
  /** The position of the oldest message examined. If it is above 0, earlier messages exist. */
  readonly next: Position;
  /** Why earlier messages could not be read, if a read failed. */
  readonly failure?: Failure;
}

/** Collects messages before `end`, a position in `chunk` or directly after it. */
export async function cutBackwards(
  scan: Scan,
  chunk: Chunk,
  end: number,
  { count, examinedMax, bytesMax, show }: BackwardsQuery,
): Promise<Result<CutBackwards>> {
  const messages: Message[] = [];
  let bytes = 0;
  let at = chunk;
  let position = end;
  let failure: Failure | undefined;
  while (position > 0 && messages.length < count && end - position < examinedMax) {
    if (position === at.start) {
      if (scan.isSpent) break;
      const before = await scan.chunkAt(position - 1);
      if (!before.ok) {
        ({ failure } = before);
        break;
      }
      // The history was replaced between the two reads. Messages of two histories must not be mixed.
      if (positionIn(before.value, position)?.fingerprint !== at.fingerprints[0]) break;
      at = before.value;
    }
    const message = at.messages[position - 1 - at.start];
    const shown = message && show(message);
    if (shown) {
      bytes += messageBytes(shown);
      if (messages.length > 0 && bytes > bytesMax) break;
      messages.push(shown);
    }
    position--;
  }
  const next = positionIn(at, position);
  if (next) return ok({ messages, next, ...(failure && { failure }) });
  return fail({ type: 'internal', internal: `position ${position} is outside the chunk it was read from` });
}
