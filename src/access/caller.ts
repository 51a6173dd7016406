/**
 * Who is calling and what they may see: plain data, so that it crosses an RPC boundary. Made by authenticate.ts out of a
 * key's records, never by a caller.
 */
import * as z from 'zod/mini';

import type { PayloadAccess } from '../messages/message.ts';
import { matchesAnyPattern } from './execution-pattern.ts';
import { type CredentialRecords, goodUntilMs } from './keys/key-record.ts';
import type { RateTier } from './limits/rate-limit.ts';
import type { TicketClaims } from './ticket.ts';

export interface Caller {
  readonly keyId: string;
  readonly credentialId: string;
  readonly name: string;
  readonly owner?: string;
  readonly executions: readonly string[];
  readonly payloads: PayloadAccess;
  readonly tier: RateTier;
  readonly streamLimit: number;
  readonly mayMintTickets: boolean;
  /** When key or credential end, in clock milliseconds. */
  readonly expiresAtMs?: number;
  /** Present when a ticket was shown instead of the key. `endsAtMs`: of the ticket itself. */
  readonly ticket?: { readonly id: string; readonly executionId: string; readonly endsAtMs: number };
}

export function callerOfKey(records: CredentialRecords): Caller {
  const { keyId, name, owner, executions, payloads, tier, streamLimit, tickets } = records.facts;
  const expiresAtMs = goodUntilMs(records);
  return {
    keyId,
    credentialId: records.credential.id,
    name,
    ...(owner !== undefined && { owner }),
    executions,
    payloads,
    tier,
    streamLimit,
    mayMintTickets: tickets,
    ...(expiresAtMs !== undefined && { expiresAtMs }),
  };
}

/** What the key may see and the ticket lets through, whichever is less. */
export function callerOfTicket(records: CredentialRecords, claims: TicketClaims): Caller {
  const caller = callerOfKey(records);
  return {
    ...caller,
    payloads: claims.pay === 'none' ? 'none' : caller.payloads,
    mayMintTickets: false,
    ticket: { id: claims.jti, executionId: claims.exe, endsAtMs: claims.exp * 1000 },
  };
}

export const callerAllows = (caller: Caller, executionId: string): boolean =>
  (caller.ticket === undefined || caller.ticket.executionId === executionId) &&
  matchesAnyPattern(caller.executions, executionId);

/** What an open stream was granted: enough to ask later whether it still holds. */
const streamGrantSchema = z.object({
  credentialId: z.string(),
  payloads: z.enum(['full', 'none']),
  ticket: z.boolean(),
});
export type StreamGrant = z.infer<typeof streamGrantSchema>;

export const streamGrantOf = ({ credentialId, payloads, ticket }: Caller): StreamGrant => ({
  credentialId,
  payloads,
  ticket: ticket !== undefined,
});

/** Reads a grant that comes back from where streams are kept. */
export function parseStreamGrant(grant: unknown): StreamGrant | undefined {
  const parsed = z.safeParse(streamGrantSchema, grant);
  return parsed.success ? parsed.data : undefined;
}
