/**
 * Cursors: opaque, signed positions in one execution's history. The same cursor is a page's `cursor` and
 * `nextToken`, an event's id (and so Last-Event-ID), and the AWS protocol's `nextToken`.
 *
 * Layout, 30 bytes, base64url without padding, 40 characters:
 *
 *     version  1   0x01
 *     position 4   big-endian
 *     fingerprint 8   see fingerprint.ts
 *     end mark 1   0 none, 1 all was sent and is final, 2 all was sent but the execution may be started again
 *     MAC     16   HMAC-SHA256, cut, over the 14 bytes before, the source and the execution id
 *
 * The MAC binds a cursor to its execution, so that a position cannot be used in another one. A cursor with a
 * use, such as a direction, is also bound to that use. 30 is divisible by 3, so no bits are unused. Still,
 * text that differs after re-encoding is refused. No I/O, no clock. The Execution decides whether a cursor
 * still fits the history.
 */
import { Buffer } from 'node:buffer';

import { type ExecutionName, executionKey } from '../core/execution-ref.ts';
import { FINGERPRINT_BYTES, type Fingerprint } from './fingerprint.ts';
import { MAC_BYTES, type SigningKeys, sign, verify } from './signed-text.ts';

const VERSION = 1;
const BODY_BYTES = 1 + 4 + FINGERPRINT_BYTES + 1;
const POSITION_MAX = 0xffff_ffff;

/** Characters of an encoded cursor. */
export const CURSOR_CHARACTERS = ((BODY_BYTES + MAC_BYTES) / 3) * 4;

/**
 * `final`: a reconnect is answered 204 from the cursor alone. `settled`: only after a check for a redrive.
 */
export type EndMark = 'none' | 'final' | 'settled';
const END_MARKS: readonly EndMark[] = ['none', 'final', 'settled'];

export interface Position {
  /** Index of the next message, which is the number of messages before it. */
  readonly position: number;
  readonly fingerprint: Fingerprint;
}

export interface Cursor extends Position {
  readonly end: EndMark;
}

/** Keys for cursors alone. */
export type CursorKeys = SigningKeys;

/**
 * 40 characters of [A-Za-z0-9_-]. Throws RangeError for a position that no history can have. A cursor with a
 * `use` is valid for that use only.
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

/** Undefined if the text is not canonical, or not a cursor of this service for this execution. */
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
