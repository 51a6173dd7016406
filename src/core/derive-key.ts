/**
 * Derives a key for each purpose from SIGNING_SECRET with HKDF-SHA-256 (RFC 5869), so that a MAC made for one
 * purpose (a cursor) is never valid for another (a ticket). Uses no salt, because the secret is already
 * random and every isolate must derive the same keys.
 */
import { hkdfSync } from 'node:crypto';

/** The length of the digest. A longer HMAC-SHA-256 key would add no security. */
export const DERIVED_KEY_BYTES = 32;

/** The key for the purpose that `label` names (`cursor`, `ticket`). */
export const deriveKey = (secret: string, label: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, '', `flowtap/${label}`, DERIVED_KEY_BYTES));
