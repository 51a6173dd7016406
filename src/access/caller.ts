/**
 * The authenticated caller and its permissions. This is plain data, so it can cross an RPC boundary.
 * authenticate.ts builds it from a key's records.
 */
import * as z from 'zod/mini';

import { oncePer } from '../core/once-per.ts';
import { type AccessFailure, type Result, fail, ok } from '../core/errors.ts';
import {
  PAYLOAD_ACCESS,
  type PayloadAccess,
  accessOfStored,
  lesserAccess,
} from '../messages/payload-access.ts';
import { matchesAnyPattern } from './keys/execution-pattern.ts';
import { type CredentialRecords, validUntilMs } from './keys/key-record.ts';
import type { RateTier } from '../core/rate-tier.ts';
import type { TicketClaims } from './ticket.ts';

export interface Caller {
  readonly keyId: string;
  readonly credentialId: string;
  readonly name: string;
  readonly owner?: string;
  /**
   * Callers of one tenant share limits. All keys of an owner form one tenant. A key without an owner is its
   * own tenant.
   */
  readonly tenant: string;
  readonly executions: readonly string[];
  readonly payloads: PayloadAccess;
  readonly tier: RateTier;
  /**
   * How many streams and waiting requests may be open at once, for one execution and for all executions.
   * Streams and requests with a ticket count against the ticket's key.
   */
  readonly streamLimit: number;
  readonly totalStreamLimit: number;
  readonly mayCreateTickets: boolean;
  /** When the key or the credential expires, whichever is first, in clock milliseconds. */
  readonly expiresAtMs?: number;
  /** Present if the caller sent a ticket. `endsAtMs` is the ticket's own expiry. */
  readonly ticket?: { readonly id: string; readonly executionId: string; readonly endsAtMs: number };
}

/** Returns the same caller object for the same records object. */
export const callerOfKey = oncePer((records: CredentialRecords): Caller => {
  const { keyId, name, owner, executions, payloads, tier, tickets, ...limits } = records.facts;
  const expiresAtMs = validUntilMs(records);
  return {
    keyId,
    credentialId: records.credential.id,
    name,
    ...(owner !== undefined && { owner }),
    tenant: tenantOf(keyId, owner),
    executions,
    payloads,
    tier,
    streamLimit: limits.streamLimit,
    totalStreamLimit: limits.totalStreamLimit,
    mayCreateTickets: tickets,
    ...(expiresAtMs !== undefined && { expiresAtMs }),
  };
});

/** The prefixes prevent a clash between a key's id and an owner of the same name. */
const tenantOf = (keyId: string, owner: string | undefined): string =>
  owner === undefined ? `key/${keyId}` : `owner/${owner}`;

/** A ticket never allows more than its key currently does. */
export function callerOfTicket(records: CredentialRecords, claims: TicketClaims): Caller {
  const caller = callerOfKey(records);
  return {
    ...caller,
    payloads: lesserAccess(caller.payloads, accessOfStored(claims.pay, claims.nam)),
    mayCreateTickets: false,
    ticket: { id: claims.jti, executionId: claims.exe, endsAtMs: claims.exp * 1000 },
  };
}

/**
 * The part of a caller that the ports need to count its streams and to charge upstream calls to its tenant.
 */
export const readerOf = ({ keyId, tenant, streamLimit, totalStreamLimit }: Caller) => ({
  keyId,
  tenant,
  streamLimit,
  totalStreamLimit,
});

/**
 * The part of a caller that the ports need to recheck an open stream: its grant, and when key and ticket
 * expire.
 */
export const grantedStreamOf = ({ expiresAtMs, ticket }: Caller, grant: StreamGrant | ListGrant) => ({
  grant,
  ...(expiresAtMs !== undefined && { keyEndsAtMs: expiresAtMs }),
  ...(ticket && { ticketEndsAtMs: ticket.endsAtMs }),
});

/**
 * Fails if the caller may not read that execution. Call this before reading any part of the execution, even
 * from caches (invariant 5).
 */
export const authorize = (caller: Caller, executionId: string): Result<Caller, AccessFailure> =>
  callerAllows(caller, executionId) ? ok(caller) : fail({ type: 'execution-forbidden' });

export const callerAllows = (caller: Caller, executionId: string): boolean =>
  (caller.ticket === undefined || caller.ticket.executionId === executionId) &&
  matchesAnyPattern(caller.executions, executionId);

/**
 * The permissions under which a stream was opened. still-allowed.ts rechecks them while the stream is open.
 */
const streamGrantSchema = z.object({
  credentialId: z.string(),
  payloads: z.enum(PAYLOAD_ACCESS),
  ticket: z.boolean(),
});
export type StreamGrant = z.infer<typeof streamGrantSchema>;

export const streamGrantOf = ({ credentialId, payloads, ticket }: Caller): StreamGrant => ({
  credentialId,
  payloads,
  ticket: ticket !== undefined,
});

/** The permissions under which a live list was opened. */
const listGrantSchema = z.object({ credentialId: z.string(), patterns: z.array(z.string()) });
export type ListGrant = z.infer<typeof listGrantSchema>;

/** `patterns` are those of the key's patterns that decide which executions the list shows. */
export const listGrantOf = ({ credentialId }: Caller, patterns: readonly string[]): ListGrant => ({
  credentialId,
  patterns: [...patterns],
});

/** Parses a grant that was stored with its list. */
export function parseListGrant(grant: unknown): ListGrant | undefined {
  const parsed = z.safeParse(listGrantSchema, grant);
  return parsed.success ? parsed.data : undefined;
}

/** Parses a grant that was stored with its stream. */
export function parseStreamGrant(grant: unknown): StreamGrant | undefined {
  const parsed = z.safeParse(streamGrantSchema, grant);
  return parsed.success ? parsed.data : undefined;
}
