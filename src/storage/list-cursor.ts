/** List cursors of the stores other than Workers KV: the last key as base64url, as in miniflare. */
import { Buffer } from 'node:buffer';
import { StoreRefusal } from './store-limits.ts';

export const encodeListCursor = (lastKey: string): string => Buffer.from(lastKey).toString('base64url');

/**
 * Returns the key after which the next page starts. Throws if the cursor was not made by `encodeListCursor`.
 */
export function decodeListCursor(cursor: string): string {
  const lastKey = Buffer.from(cursor, 'base64url').toString();
  if (cursor === '' || encodeListCursor(lastKey) !== cursor) {
    throw new StoreRefusal(400, 'Invalid list cursor');
  }
  return lastKey;
}
