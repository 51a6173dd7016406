/**
 * Encodes and decodes the cursors of lists. A cursor is a signed place. It is valid for one list only, which
 * means the same flow and the same filter. Clients may change `maxResults` from page to page. A place is
 * never an upstream token. Layout of the bytes, which are encoded as base64url without padding:
 *
 *     version  1   0x02: cursors of histories (messages/cursor.ts) begin with 0x01
 *     place        UTF-8, ended by 0x00
 *     MAC     16   over these bytes and the name of the list
 */
import { Buffer } from 'node:buffer';

import { type SigningKeys, sign, verify } from '../messages/signed-text.ts';
import { STATUSES } from '../messages/event-types.ts';
import { type ListRequest, nameOf } from './lists.ts';

const VERSION = 2;
/**
 * Enough for the longest place. In the list of flows, a place is a flow's name, which is limited like an
 * execution's id.
 */
export const LIST_CURSOR_CHARACTERS_MAX = 1_000;

/** The name of the list of flows. */
export const FLOWS_LIST = JSON.stringify(['flows']);

/**
 * The name of a list of executions. It identifies the flow and the filter. Different spellings of the same
 * filter result in the same name.
 */
export function nameOfList(
  request: Pick<ListRequest, 'of' | 'statuses' | 'namePrefix' | 'startedAfterMs' | 'startedBeforeMs'>,
): string {
  const {
    of,
    statuses = STATUSES,
    namePrefix = null,
    startedAfterMs = null,
    startedBeforeMs = null,
  } = request;
  const wanted = STATUSES.filter((status) => statuses.includes(status));
  return JSON.stringify(['executions', ...nameOf(of), wanted, namePrefix, startedAfterMs, startedBeforeMs]);
}

export const encodeListCursor = (keys: SigningKeys, listName: string, place: string): string =>
  sign(keys, Buffer.from(`${String.fromCodePoint(VERSION)}${place}\0`), listName);

/** Returns the place, or undefined if this service did not issue the cursor for this list. */
export function decodeListCursor(keys: SigningKeys, listName: string, text: string): string | undefined {
  if (text.length > LIST_CURSOR_CHARACTERS_MAX) return undefined;
  const body = verify(keys, text, listName);
  if (body?.[0] !== VERSION || body.at(-1) !== 0) return undefined;
  return body.toString('utf8', 1, body.length - 1);
}
