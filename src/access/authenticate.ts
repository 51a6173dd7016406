/**
 * Decides who is calling and whether they may read the execution they ask for, before anything of it is read, caches
 * included (invariant 5). The order: one credential and not in the URL, its format and checksum, known, revoked, expired,
 * within its rate, for this execution. Who you are fails as 401, what you may as 403; none of it tells whether an
 * execution exists.
 *
 * Wrong credentials are charged to the client's address, and an address that has spent its failures is refused before any
 * storage is read; of keys that were not found right here before, only so many are looked up at once for one address. Not so
 * a key that was: wrong keys from the same address (an office, a carrier's NAT) must not lock it out. A ticket proves itself
 * by its signature and needs no such mercy.
 */
import { Buffer } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';

import type { Clock } from '../core/clock.ts';
import { fail, ok, type AccessFailure, type Result } from '../core/errors.ts';
import { type ApiKey, parseApiKey } from './keys/api-key.ts';
import { type Caller, callerAllows, callerOfKey, callerOfTicket } from './caller.ts';
import type { RequestHeaders } from './client-address.ts';
import type { FailedAuthentications } from './limits/failed-authentications.ts';
import type { KeyReader, StoreUnavailable } from './keys/key-cache.ts';
import { type CredentialRecords, goodUntilMs } from './keys/key-record.ts';
import { presentedCredential, type PresentedFailure } from './presented-credential.ts';
import type { RateLimiter, RateTier } from './limits/rate-limit.ts';
import { type TicketKeys, verifyTicket } from './ticket.ts';

export type AuthenticationFailure = PresentedFailure | StoreUnavailable;
export type Authenticated = Promise<Result<Caller, AuthenticationFailure>>;

/** How long a key waits for its look-up where many come at once, and how often it looks: a read takes 10 to 50 ms. */
const LOOKUP_PATIENCE_MS = 2_000;
const LOOKUP_EVERY_MS = 50;
const LOOKUP_RETRY_SECONDS = 1;

const WHAT_TICKETS_ARE_FOR =
  'A ticket is good for the page, the stream and the summary of its execution, and nothing else.';

export interface AuthenticatorPorts {
  readonly reader: KeyReader;
  readonly failures: FailedAuthentications;
  readonly tiers: Readonly<Record<RateTier, RateLimiter>>;
  readonly ticketKeys: TicketKeys;
  readonly clock: Clock;
}

export interface RequestFacts {
  /** The bucket that client-address.ts names. */
  readonly clientAddress: string;
  /** Decoded, and already found to be one. Absent on routes that are about no execution. */
  readonly executionId?: string;
}

export interface AccessRequest extends RequestFacts {
  /** Path and query, or the whole URL, as it came. */
  readonly url: string;
  readonly headers: RequestHeaders;
  /** Whether `?ticket=` is good on this route: the GETs of one execution. */
  readonly ticketAccepted: boolean;
}

export class Authenticator {
  readonly #ports: AuthenticatorPorts;

  constructor(ports: AuthenticatorPorts) {
    this.#ports = ports;
  }

  async request(request: AccessRequest): Authenticated {
    const presented = presentedCredential(request.url, request.headers);
    if (!presented.ok) return presented;
    const { kind, text } = presented.value;
    return kind === 'key' ? this.key(text, request) : this.#ticket(text, request);
  }

  /** A key that was handed in by another way: AWS clients carry it as their session token. */
  async key(text: string, request: RequestFacts): Authenticated {
    const { failures } = this.#ports;
    const key = parseApiKey(text);
    if (key === undefined) {
      const shutOutSeconds = failures.shutOutSeconds(request.clientAddress);
      if (shutOutSeconds !== undefined) return shutOut(shutOutSeconds);
      return this.#wrong({ type: 'invalid-key' }, request);
    }
    const place = await this.#placeToLookUp(key, request);
    if (!place.ok) return place;
    try {
      return await this.#lookUp(key, request);
    } finally {
      // Charged by now, if it was wrong: whoever comes next finds the address shut out, or room.
      place.value();
    }
  }

  /**
   * Waits its turn where many unverified keys come from one address at once, which may be one key in many requests: that is
   * verified a moment later. What it answers is called when the look-up is over.
   */
  async #placeToLookUp(
    { credentialId, hash }: ApiKey,
    { clientAddress }: RequestFacts,
  ): Promise<Result<() => void, AccessFailure>> {
    const { reader, failures, clock } = this.#ports;
    const patientUntilMs = clock.now() + LOOKUP_PATIENCE_MS;
    for (;;) {
      if (reader.hasVerified(credentialId, hash)) return ok(() => undefined);
      const shutOutSeconds = failures.shutOutSeconds(clientAddress);
      if (shutOutSeconds !== undefined) return shutOut(shutOutSeconds);
      const done = failures.lookUp(clientAddress);
      if (done !== undefined) return ok(done);
      if (clock.now() >= patientUntilMs) {
        return fail({
          type: 'rate-limited',
          retryAfterSeconds: LOOKUP_RETRY_SECONDS,
          because: 'unverified-keys',
        });
      }
      await clock.sleep(LOOKUP_EVERY_MS);
    }
  }

  async #lookUp(key: ApiKey, request: RequestFacts): Authenticated {
    const { reader } = this.#ports;
    const found = await reader.read(key.credentialId);
    if (!found.ok) return found;
    const records = found.value;
    if (records === undefined || !isOfKey(records, key)) return this.#wrong({ type: 'invalid-key' }, request);
    return this.#admit(records, callerOfKey(records), request);
  }

  async #ticket(text: string, request: AccessRequest): Authenticated {
    const { reader, failures, ticketKeys, clock } = this.#ports;
    const verified = await verifyTicket(text, ticketKeys, clock.now());
    if (!verified.ok) {
      if (verified.failure.type === 'expired-ticket') return verified;
      const shutOutSeconds = failures.shutOutSeconds(request.clientAddress);
      return shutOutSeconds === undefined ? this.#wrong(verified.failure, request) : shutOut(shutOutSeconds);
    }
    const claims = verified.value;
    const found = await reader.read(claims.cid);
    if (!found.ok) return found;
    const records = found.value;
    // A key that may no longer mint tickets takes back those that it minted.
    if (records === undefined || records.facts.keyId !== claims.sub || !records.facts.tickets) {
      return fail({ type: 'invalid-ticket' });
    }
    const isOfThisRoute = request.ticketAccepted && request.executionId !== undefined;
    return this.#admit(records, callerOfTicket(records, claims), request, isOfThisRoute);
  }

  /** From here on the caller is who they say. */
  async #admit(
    records: CredentialRecords,
    caller: Caller,
    { executionId }: RequestFacts,
    isOfThisRoute = true,
  ): Authenticated {
    const over = endOf(records, this.#ports.clock.now());
    if (over !== undefined) return fail(over);
    const rate = await this.#ports.tiers[caller.tier].take(`key:${caller.keyId}`);
    if (!rate.allowed) return rateLimited(rate.retryAfterSeconds ?? 1);
    if (!isOfThisRoute) return fail({ type: 'operation-forbidden', detail: WHAT_TICKETS_ARE_FOR });
    if (executionId !== undefined && !callerAllows(caller, executionId))
      return fail({ type: 'execution-forbidden' });
    return ok(caller);
  }

  async #wrong(failure: AccessFailure, { clientAddress }: RequestFacts): Authenticated {
    const shutOutSeconds = await this.#ports.failures.charge(clientAddress);
    return shutOutSeconds === undefined ? fail(failure) : shutOut(shutOutSeconds);
  }
}

/** Why a credential that was good is so no more, if so. Revoked comes before expired: it says more. */
export function endOf(records: CredentialRecords, nowMs: number): AccessFailure | undefined {
  if (records.state.revokedAt !== undefined) return { type: 'revoked-key' };
  if ((goodUntilMs(records) ?? Number.POSITIVE_INFINITY) <= nowMs) return { type: 'expired-key' };
  return undefined;
}

const isOfKey = ({ credential }: CredentialRecords, key: ApiKey): boolean =>
  timingSafeEqual(Buffer.from(credential.hash), Buffer.from(key.hash));

const rateLimited = (retryAfterSeconds: number) => fail({ type: 'rate-limited', retryAfterSeconds });

/** Right or wrong: an answer that told would be all that guessing needs. */
const shutOut = (retryAfterSeconds: number) =>
  fail({ type: 'rate-limited', retryAfterSeconds, because: 'wrong-credentials' });
