/**
 * Tickets: JWTs (RFC 7519) with which a browser reads one execution without the API key. Always HS256, signed with a key derived
 * for this purpose. A ticket names its key and credential, ends with either, and allows at most what they allow. Its expiry is
 * absolute; reconnecting does not extend it.
 *
 * This file checks signature and expiry. authenticate.ts checks that the key is still valid.
 */
import { Buffer } from 'node:buffer';
import { sign, verify } from 'hono/utils/jwt/jwt';
import * as z from 'zod/mini';

import { deriveKey } from '../core/derive-key.ts';
import { fail, ok, type AccessFailure, type Result } from '../core/errors.ts';

/** Long enough to open a page and reconnect a few times. */
export const TICKET_SECONDS_DEFAULT = 10 * 60;
/** Tickets appear in URLs, and so in logs: they must not stay valid for long. */
export const TICKET_SECONDS_MAX = 60 * 60;

/** A ticket for the longest id in the widest characters has about 2,500. */
const TICKET_CHARACTERS_MAX = 4096;
const ISSUER = 'flowtap';
const AUDIENCE = 'flowtap/executions';
const ALGORITHM = 'HS256';

const claimsSchema = z.object({
  iss: z.literal(ISSUER),
  aud: z.literal(AUDIENCE),
  /** The key's id. */
  sub: z.string(),
  /** The id of the credential that minted it. */
  cid: z.string(),
  /** The execution's id. */
  exe: z.string(),
  /** The level of access, in two members: see `storedAccess`. */
  pay: z.enum(['full', 'none']),
  nam: z.optional(z.literal(true)),
  /** Seconds since the epoch. */
  iat: z.int(),
  exp: z.int(),
  jti: z.string(),
});
export type TicketClaims = Omit<z.infer<typeof claimsSchema>, 'iss' | 'aud'>;

/** Signing keys as text: Hono's helper accepts no bytes. */
export interface TicketKeys {
  readonly current: string;
  readonly previous?: string;
}

export const ticketKeys = (signingSecret: string, previousSecret?: string): TicketKeys => ({
  current: keyText(signingSecret),
  ...(previousSecret !== undefined && { previous: keyText(previousSecret) }),
});

export const signTicket = (claims: TicketClaims, keys: TicketKeys): Promise<string> =>
  sign({ iss: ISSUER, aud: AUDIENCE, ...claims }, keys.current, ALGORITHM);

/** The claims of a ticket that this service signed and that has not expired. */
export async function verifyTicket(
  text: string,
  keys: TicketKeys,
  nowMs: number,
): Promise<Result<TicketClaims, AccessFailure>> {
  if (text.length > TICKET_CHARACTERS_MAX || !isCanonical(text)) return fail({ type: 'invalid-ticket' });
  const payload =
    (await payloadSignedWith(text, keys.current)) ??
    (keys.previous === undefined ? undefined : await payloadSignedWith(text, keys.previous));
  const parsed = z.safeParse(claimsSchema, payload);
  if (!parsed.success || parsed.data.exp - parsed.data.iat > TICKET_SECONDS_MAX) {
    return fail({ type: 'invalid-ticket' });
  }
  if (nowMs >= parsed.data.exp * 1000) return fail({ type: 'expired-ticket' });
  return ok(parsed.data);
}

async function payloadSignedWith(text: string, key: string): Promise<unknown> {
  try {
    // Times are checked above, by our own clock.
    return await verify(text, key, { alg: ALGORITHM, exp: false, iat: false, nbf: false });
  } catch {
    return undefined;
  }
}

/** A ticket has exactly one spelling. Decoders also accept padding, and any bits after the last byte. */
const isCanonical = (text: string): boolean =>
  text.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);

/** Hexadecimal, so that it can never look like a PEM key, which Hono's helper would treat differently. */
const keyText = (secret: string): string => Buffer.from(deriveKey(secret, 'ticket')).toString('hex');
