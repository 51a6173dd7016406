/**
 * Tickets: JWTs (RFC 7519) that let a browser read one execution without seeing the key. HS256 and nothing else, signed
 * with a key derived for this use alone. A ticket names its key and credential and is worth nothing without them: it dies
 * with either, and may show less than the key but never more. Its end is absolute; reconnecting does not renew it.
 *
 * Says whether a ticket is ours and not over. Whether its key still lives is authenticate.ts's to ask.
 */
import { Buffer } from 'node:buffer';
import { sign, verify } from 'hono/utils/jwt/jwt';
import * as z from 'zod/mini';

import { deriveKey } from '../core/derive-key.ts';
import { fail, ok, type AccessFailure, type Result } from '../core/errors.ts';

/** Long enough to open a page and reconnect a few times. */
export const TICKET_SECONDS_DEFAULT = 10 * 60;
/** A ticket stands in a URL: it must not be worth keeping. */
export const TICKET_SECONDS_MAX = 60 * 60;

/** A ticket for the longest id in the widest characters takes some 2,500. */
const TICKET_CHARACTERS_MAX = 4096;
const ISSUER = 'flowtap';
const AUDIENCE = 'flowtap/executions';
const ALGORITHM = 'HS256';

const claimsSchema = z.object({
  iss: z.literal(ISSUER),
  aud: z.literal(AUDIENCE),
  /** The key's id. */
  sub: z.string(),
  /** The id of the credential that it was minted with. */
  cid: z.string(),
  /** The execution's id. */
  exe: z.string(),
  pay: z.enum(['full', 'none']),
  /** Seconds since the epoch. */
  iat: z.int(),
  exp: z.int(),
  jti: z.string(),
});
export type TicketClaims = Omit<z.infer<typeof claimsSchema>, 'iss' | 'aud'>;

/** Signing keys as text, since Hono's helper takes no bytes. */
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

/** The claims of a ticket that we signed and that is not over. */
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
    // Times are ours to check, by our clock.
    return await verify(text, key, { alg: ALGORITHM, exp: false, iat: false, nbf: false });
  } catch {
    return undefined;
  }
}

/** One ticket has one text: decoders also take padding, and any bits behind the last byte. */
const isCanonical = (text: string): boolean =>
  text.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);

/** Hexadecimal: no accident can make it look like a PEM key, which Hono's helper would take it for. */
const keyText = (secret: string): string => Buffer.from(deriveKey(secret, 'ticket')).toString('hex');
