/**
 * Signed text: bytes with a MAC, in base64url. The MAC binds them to a context, so that they are valid there
 * alone. 16 bytes of HMAC-SHA256 over the bytes and the context. Bytes of different kinds must begin with
 * different versions. Bytes of one kind must have one length or end in a NUL. Then no two pairs of bytes and
 * context give the same MAC input.
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

/** The bytes; undefined if the text is not canonical, or was not signed by this service for this context. */
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
