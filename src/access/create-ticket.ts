/**
 * Creates a ticket for one execution. The ticket allows no more than its key does, and expires no later than
 * the key.
 */
import * as z from 'zod/mini';

import type { Clock } from '../core/clock.ts';
import { fail, ok, type Result } from '../core/errors.ts';
import { PAYLOAD_ACCESS, type PayloadAccess, shows, storedAccess } from '../messages/payload-access.ts';
import { randomBase62, type RandomBytes } from '../core/base62.ts';
import { type Caller, authorize } from './caller.ts';
import { parseBody } from '../core/parse-body.ts';
import { TICKET_SECONDS_DEFAULT, TICKET_SECONDS_MAX } from '../core/ticket-seconds.ts';
import { signTicket, type TicketKeys } from './ticket.ts';

export interface TicketRequest {
  readonly ttlSeconds: number;
  /** By default, the same access as the key. */
  readonly payloads?: PayloadAccess;
}

export interface CreatedTicket {
  readonly ticket: string;
  /** ISO 8601, UTC. */
  readonly expiresAt: string;
}

export interface CreateTicketPorts {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly keys: TicketKeys;
}

export const ticketRequestSchema = z.strictObject({
  ttlSeconds: z.optional(
    z
      .int({ error: 'must be a whole number of seconds' })
      .check(
        z.gte(1, { error: 'must be at least 1' }),
        z.lte(TICKET_SECONDS_MAX, { error: `must be at most ${TICKET_SECONDS_MAX}` }),
      ),
  ),
  payloads: z.optional(z.enum(PAYLOAD_ACCESS, { error: 'must be "full", "names" or "none"' })),
});

/** Treats a missing body as an empty object. */
export function parseTicketRequest(body: unknown): Result<TicketRequest> {
  const parsed = parseBody(ticketRequestSchema, body ?? {});
  if (!parsed.ok) return parsed;
  const { ttlSeconds = TICKET_SECONDS_DEFAULT, payloads } = parsed.value;
  return ok({ ttlSeconds, ...(payloads !== undefined && { payloads }) });
}

export async function createTicket(
  caller: Caller,
  executionId: string,
  { ttlSeconds, payloads = caller.payloads }: TicketRequest,
  { clock, random, keys }: CreateTicketPorts,
): Promise<Result<CreatedTicket>> {
  if (caller.ticket !== undefined)
    return forbidden('A ticket cannot create tickets. Send the API key itself.');
  if (!caller.mayCreateTickets) return forbidden('This key may not create tickets.');
  const authorized = authorize(caller, executionId);
  if (!authorized.ok) return authorized;
  if (!shows(caller.payloads, payloads)) {
    return forbidden(`This key may not read with "payloads": "${payloads}", so its tickets cannot either.`);
  }
  const iat = Math.floor(clock.now() / 1000);
  const keyEnds = Math.floor((caller.expiresAtMs ?? Number.POSITIVE_INFINITY) / 1000);
  const exp = Math.min(iat + ttlSeconds, keyEnds);
  const claims = { sub: caller.keyId, cid: caller.credentialId, exe: executionId, iat, exp };
  const { access: pay, names } = storedAccess(payloads);
  const ticket = signTicket(
    { ...claims, pay, ...(names && { nam: true }), jti: randomBase62(random, 16) },
    keys,
  );
  return ok({ ticket, expiresAt: new Date(exp * 1000).toISOString() });
}

const forbidden = (detail: string) => fail({ type: 'operation-forbidden', detail });
