/** Reads a history from a position back to its start, within bounds. No I/O of its own, no clock. */
import { type Failure, type Result, fail, ok } from '../core/errors.ts';
import type { Position } from '../messages/cursor.ts';
import { type Chunk, positionIn } from '../messages/history.ts';
import { type Message, messageBytes } from '../messages/message.ts';
import type { Scan } from './scan.ts';

export interface BackwardsQuery {
  /** Messages to find. */
  readonly count: number;
  /** Messages to look at. */
  readonly examinedMax: number;
  /** The most bytes of all messages found. The first one may be larger. */
  readonly bytesMax: number;
  /** The message as its reader sees it; undefined if it is not wanted. */
  readonly show: (message: Message) => Message | undefined;
}

export interface CutBackwards {
  /** Newest first. */
  readonly messages: readonly Message[];
  /** Where the examined messages begin. Above 0: there are earlier ones. */
  readonly next: Position;
  /** Earlier messages could not be read just now. */
  readonly failure?: Failure;
}

/** The messages before `end`, a position in `chunk` or right after it. */
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
      // The history was replaced meanwhile: messages of two histories must not be mixed.
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
