/**
 * Signs and verifies tickets: JWTs (RFC 7519) with which a browser reads one execution without the API key.
 * They always use HS256 with a signing key derived for this purpose. A ticket names an API key and one of its
 * credentials. When either of them ends, so does the ticket. It never allows more than the API key does. Its
 * expiry is absolute: reconnecting does not extend it.
 *
 * This file checks the signature and the expiry. authenticate.ts checks that the key is still valid.
 */
import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';

import * as z from 'zod/mini';

import { deriveKey } from '../core/derive-key.ts';
import { fail, ok, type AccessFailure, type Result } from '../core/errors.ts';
import { TICKET_SECONDS_MAX } from '../core/ticket-seconds.ts';

/** The longest possible ticket has about 2,500 characters. */
const TICKET_CHARACTERS_MAX = 4096;
const ISSUER = 'flowtap';
const AUDIENCE = 'flowtap/executions';
/**
 * The only accepted JWT header, compared byte for byte, so a ticket cannot choose its own algorithm (RFC
 * 8725, 3.1).
 */
const HEADER = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');

const claimsSchema = z.object({
  iss: z.literal(ISSUER),
  aud: z.literal(AUDIENCE),
  /** The key's id. */
  sub: z.string(),
  /** The id of the credential that created the ticket. */
  cid: z.string(),
  /** The execution's id. */
  exe: z.string(),
  /** `pay` and `nam` together are the level of access to payloads, see `storedAccess`. */
  pay: z.enum(['full', 'none']),
  nam: z.optional(z.literal(true)),
  /** Seconds since the epoch. */
  iat: z.int(),
  exp: z.int(),
  jti: z.string(),
});
export type TicketClaims = Omit<z.infer<typeof claimsSchema>, 'iss' | 'aud'>;

/** The keys that sign tickets. `previous` still verifies older tickets after the secret was changed. */
export interface TicketKeys {
  readonly current: string;
  readonly previous?: string;
}

export const ticketKeys = (signingSecret: string, previousSecret?: string): TicketKeys => ({
  current: keyText(signingSecret),
  ...(previousSecret !== undefined && { previous: keyText(previousSecret) }),
});

export function signTicket(claims: TicketClaims, keys: TicketKeys): string {
  const payload = Buffer.from(JSON.stringify({ iss: ISSUER, aud: AUDIENCE, ...claims })).toString(
    'base64url',
  );
  return `${HEADER}.${payload}.${signature(payload, keys.current).toString('base64url')}`;
}

/** Returns the claims if this service signed the ticket and it has not expired. */
export function verifyTicket(
  text: string,
  keys: TicketKeys,
  nowMs: number,
): Result<TicketClaims, AccessFailure> {
  const parsed = z.safeParse(claimsSchema, signedPayload(text, keys));
  if (!parsed.success || parsed.data.exp - parsed.data.iat > TICKET_SECONDS_MAX) {
    return fail({ type: 'invalid-ticket' });
  }
  if (nowMs >= parsed.data.exp * 1000) return fail({ type: 'expired-ticket' });
  return ok(parsed.data);
}

/** The parsed payload, or undefined if we did not sign it. */
function signedPayload(text: string, keys: TicketKeys): unknown {
  if (text.length > TICKET_CHARACTERS_MAX || !isCanonical(text)) return undefined;
  const [header, payload = '', given = '', ...more] = text.split('.');
  if (header !== HEADER || more.length > 0) return undefined;
  const signed = Buffer.from(given, 'base64url');
  const isSignedWith = (key: string | undefined) => {
    if (key === undefined) return false;
    const expected = signature(payload, key);
    return expected.length === signed.length && timingSafeEqual(expected, signed);
  };
  if (!isSignedWith(keys.current) && !isSignedWith(keys.previous)) return undefined;
  return JSON.parse(Buffer.from(payload, 'base64url').toString());
}

const signature = (payload: string, key: string): Buffer =>
  createHmac('sha256', key).update(`${HEADER}.${payload}`).digest();

/**
 * Accepts exactly one spelling of a ticket. Decoders would also accept padding, or stray bits after the last
 * byte.
 */
const isCanonical = (text: string): boolean =>
  text.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);

/** Encodes the derived key as hexadecimal text. */
const keyText = (secret: string): string => Buffer.from(deriveKey(secret, 'ticket')).toString('hex');
