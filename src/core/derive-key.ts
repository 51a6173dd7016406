/**
 * One secret, many keys: HKDF-SHA-256 (RFC 5869) makes a key for each use out of SIGNING_SECRET, so that a MAC made for one
 * purpose (a cursor) can never pass as one made for another (a ticket). No salt: the secret is random already, and the
 * derivation must be the same everywhere and for ever.
 */
import { hkdfSync } from 'node:crypto';

/** As long as the digest: a longer HMAC-SHA-256 key adds nothing. */
export const DERIVED_KEY_BYTES = 32;

/** The key of `secret` for the use named by `label` (`cursor`, `ticket`). */
export const deriveKey = (secret: string, label: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, '', `flowtap/${label}`, DERIVED_KEY_BYTES));
