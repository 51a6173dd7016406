/**
 * Cursors: opaque, signed positions in one execution's history. Pages (`cursor`, `nextToken`), events (`id`,
 * and so Last-Event-ID) and the AWS protocol (`nextToken`) all use these cursors.
 *
 * Layout, 30 bytes, base64url without padding, 40 characters:
 *
 *     version      1  0x01
 *     position     4  big-endian
 *     fingerprint  8  see fingerprint.ts
 *     end mark     1  0: none; 1: after the `end` of a final history; 2: after an `end` that a redrive may follow
 *     MAC         16  HMAC-SHA256, truncated, over the 14 bytes before, the source and the execution id
 *
 * The MAC binds a cursor to its execution, so it is invalid for any other execution. A cursor with a use,
 * such as a direction, is also bound to that use. A text that decodes to the same bytes but differs, such as
 * one with `+` for `-`, is refused. No I/O, no clock. The Execution checks whether a cursor still matches the
 * history.
 */
import { Buffer } from 'node:buffer';

import { type ExecutionName, executionKey } from '../core/execution-ref.ts';
import { FINGERPRINT_BYTES, type Fingerprint } from './fingerprint.ts';
import { MAC_BYTES, type SigningKeys, sign, verify } from './signed-text.ts';

const VERSION = 1;
const BODY_BYTES = 1 + 4 + FINGERPRINT_BYTES + 1;
const POSITION_MAX = 0xffff_ffff;

/** The length of an encoded cursor. */
export const CURSOR_CHARACTERS = ((BODY_BYTES + MAC_BYTES) / 3) * 4;

/**
 * Set in the id of an `end` event. A reconnect with `final` gets a 204 without a look at the history. A
 * reconnect with `settled` gets a 204 only after a check for a redrive.
 */
export type EndMark = 'none' | 'final' | 'settled';
const END_MARKS: readonly EndMark[] = ['none', 'final', 'settled'];

export interface Position {
  /** The index of the next message, which equals the number of messages before it. */
  readonly position: number;
  readonly fingerprint: Fingerprint;
}

export interface Cursor extends Position {
  readonly end: EndMark;
}

/** MAC keys that are used only for cursors. */
export type CursorKeys = SigningKeys;

/**
 * Returns 40 characters of [A-Za-z0-9_-]. Throws a RangeError if the position is out of range. A cursor with
 * a `use` is valid for that use only.
 */
export function encodeCursor(keys: CursorKeys, execution: ExecutionName, cursor: Cursor, use = ''): string {
  if (!Number.isInteger(cursor.position) || cursor.position < 0 || cursor.position > POSITION_MAX) {
    throw new RangeError(
      `a cursor's position must be an integer from 0 to ${POSITION_MAX}: ${cursor.position}`,
    );
  }
  const body = Buffer.alloc(BODY_BYTES);
  body.writeUInt8(VERSION, 0);
  body.writeUInt32BE(cursor.position, 1);
  body.write(cursor.fingerprint, 5, FINGERPRINT_BYTES, 'hex');
  body.writeUInt8(END_MARKS.indexOf(cursor.end), BODY_BYTES - 1);
  return sign(keys, body, `${executionKey(execution)}${use}`);
}

/**
 * Returns undefined if the text is not canonical, or was not issued by this service for this execution and
 * use.
 */
export function decodeCursor(
  keys: CursorKeys,
  execution: ExecutionName,
  text: string,
  use = '',
): Cursor | undefined {
  if (text.length !== CURSOR_CHARACTERS) return undefined;
  const body = verify(keys, text, `${executionKey(execution)}${use}`);
  const end = END_MARKS[body?.readUInt8(BODY_BYTES - 1) ?? Infinity];
  if (body?.readUInt8(0) !== VERSION || end === undefined) return undefined;
  return {
    position: body.readUInt32BE(1),
    fingerprint: body.toString('hex', 5, 5 + FINGERPRINT_BYTES),
    end,
  };
}
