/**
 * The list cursor of our own stores: the last key as base64url, as in miniflare. KV's own cursors are opaque.
 */
import { Buffer } from 'node:buffer';
import { StoreRefusal } from './store-limits.ts';

export const encodeListCursor = (lastKey: string): string => Buffer.from(lastKey).toString('base64url');

/** The key after which the next list starts. Throws for a cursor that `encodeListCursor` did not make. */
export function decodeListCursor(cursor: string): string {
  const lastKey = Buffer.from(cursor, 'base64url').toString();
  if (cursor === '' || encodeListCursor(lastKey) !== cursor) {
    throw new StoreRefusal(400, 'Invalid list cursor');
  }
  return lastKey;
}
