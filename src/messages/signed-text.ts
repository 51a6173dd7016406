/**
 * Signed text: bytes and their MAC, in base64url. The MAC is 16 bytes of HMAC-SHA256 over the bytes and a
 * context, so the text is valid only in that context. Different kinds of bytes, such as cursors and tickets,
 * must begin with different versions. The bytes of one kind must have a fixed length, or end in a NUL. Then
 * different pairs of bytes and context never result in the same MAC input.
 */
import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';

export const MAC_BYTES = 16;

/** MAC keys, 32 bytes each, derived from SIGNING_SECRET and SIGNING_SECRET_PREVIOUS. */
export interface SigningKeys {
  readonly current: Uint8Array;
  readonly previous?: Uint8Array;
}

const mac = (key: Uint8Array, body: Uint8Array, context: string): Buffer =>
  createHmac('sha256', key).update(body).update(context).digest().subarray(0, MAC_BYTES);

export const sign = (keys: SigningKeys, body: Uint8Array, context: string): string =>
  Buffer.concat([body, mac(keys.current, body, context)]).toString('base64url');

/**
 * Returns the signed bytes. Undefined if the text is not canonical, or was not signed by this service for
 * this context.
 */
export function verify(keys: SigningKeys, text: string, context: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length <= MAC_BYTES || bytes.toString('base64url') !== text) return undefined;
  const body = bytes.subarray(0, -MAC_BYTES);
  const given = bytes.subarray(-MAC_BYTES);
  const isSigned = [keys.current, keys.previous].some(
    (key) => key && timingSafeEqual(mac(key, body, context), given),
  );
  return isSigned ? body : undefined;
}
