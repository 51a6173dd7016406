/**
 * Decides who is calling and whether they may read the requested execution. Before this decision, no part of
 * the execution is read, not even from caches (invariant 5). First, the request must carry exactly one
 * credential, and no API key in its URL. Then that credential must be well-formed, exist, and not be revoked
 * or expired. It must be within its rate limit. Last, it must permit the route and the execution.
 *
 * Failed authentication is a 401, missing permission a 403. Neither reveals whether an execution exists.
 *
 * Wrong credentials count against the client's address. After too many, requests from that address are
 * refused before storage is read. Also, only a few unverified keys per address are looked up concurrently.
 * Both limits exempt keys that this isolate or process has verified before, because wrong keys from the same
 * address (an office, a carrier's NAT) must not lock out a valid one. Genuine tickets are exempt, too:
 * checking their signature needs no storage.
 */
import { timingSafeEqual } from 'node:crypto';

import type { Clock } from '../core/clock.ts';
import type { ExecutionName } from '../core/execution-ref.ts';
import { fail, ok, type AccessFailure, type Result } from '../core/errors.ts';
import { type Caller, authorize, callerOfKey, callerOfTicket } from './caller.ts';
import type { RequestHeaders } from './client-address.ts';
import { type ApiKey, parseApiKey } from './keys/api-key.ts';
import type { CredentialCache } from './keys/credential-cache.ts';
import { type CredentialRecords, validUntilMs } from './keys/key-record.ts';
import type { StoreUnavailable } from './keys/store-failure.ts';
import { type FailedAuthentications, lockedOut } from './limits/failed-authentications.ts';
import type { RateLimiter } from './limits/rate-limit.ts';
import type { Sha256 } from '../core/sha256.ts';
import type { RateTier } from '../core/rate-tier.ts';
import {
  presentedCredential,
  type PresentedFailure,
  presentedSessionToken,
  type RequestUrl,
} from './presented-credential.ts';
import { type TicketKeys, verifyTicket } from './ticket.ts';

export type AuthenticationFailure = PresentedFailure | StoreUnavailable;
export type Authenticated = Promise<Result<Caller, AuthenticationFailure>>;

/**
 * A request with an unverified key waits this long for a look-up slot, and checks for one at the interval
 * below. A look-up takes 10 to 50 ms.
 */
const LOOKUP_WAIT_MS_MAX = 2_000;
const LOOKUP_POLL_EVERY_MS = 50;
const LOOKUP_RETRY_SECONDS = 1;

const WHAT_TICKETS_ARE_FOR =
  'A ticket is valid only for the page, the stream and the summary of its execution.';

export interface AuthenticatorPorts {
  readonly credentials: CredentialCache;
  readonly failures: FailedAuthentications;
  readonly tiers: Readonly<Record<RateTier, RateLimiter>>;
  readonly ticketKeys: TicketKeys;
  readonly sha256: Sha256;
  readonly clock: Clock;
}

export interface AccessRequest {
  readonly url: RequestUrl;
  readonly headers: RequestHeaders;
  /** Returns the client's rate-limit bucket, see client-address.ts. */
  readonly clientAddress: () => string;
  /** Absent if the request names no execution. */
  readonly execution?: ExecutionName;
  /** Which credential the route accepts. */
  readonly accepts: Accepted;
}

/**
 * - `key`: an API key in a header.
 * - `key-or-ticket`: an API key, or `?ticket=` on the GETs of one execution.
 * - `session-token`: an API key in the header that AWS clients use for a session token.
 */
export type Accepted = 'key' | 'key-or-ticket' | 'session-token';

interface HashedApiKey extends ApiKey {
  /** SHA-256 of the key's whole text. */
  readonly hash: Uint8Array;
}

/** The part of a request that the checks of keys and tickets have in common. */
type RequestScope = Pick<AccessRequest, 'clientAddress' | 'execution' | 'accepts'>;

export class Authenticator {
  readonly #ports: AuthenticatorPorts;

  constructor(ports: AuthenticatorPorts) {
    this.#ports = ports;
  }

  async authenticate(request: AccessRequest): Authenticated {
    const { url, headers, accepts } = request;
    const presented =
      accepts === 'session-token' ? presentedSessionToken(url, headers) : presentedCredential(url, headers);
    if (!presented.ok) return presented;
    const { kind, text } = presented.value;
    return kind === 'key' ? this.#key(text, request) : this.#ticket(text, request);
  }

  async #key(text: string, request: RequestScope): Authenticated {
    const { credentials, failures, sha256 } = this.#ports;
    const parsed = parseApiKey(text);
    if (parsed === undefined) {
      const lockoutSeconds = failures.lockoutSeconds(request.clientAddress());
      if (lockoutSeconds !== undefined) return lockedOut(lockoutSeconds);
      return this.#charge({ type: 'invalid-key' }, request);
    }
    const key = { ...parsed, hash: await sha256(text) };
    if (credentials.hasVerified(key.credentialId, key.hash)) return this.#lookUp(key, request);
    const slot = await this.#lookUpSlot(key, request);
    if (!slot.ok) return slot;
    try {
      return await this.#lookUp(key, request);
    } finally {
      // By now, a wrong key has been counted. So the next request to use this slot sees the lockout, if any.
      slot.value();
    }
  }

  /**
   * Waits for a look-up slot while many unverified keys arrive from one address. Often many requests carry
   * the same key, which the first look-up verifies for all of them. The returned function frees the slot.
   */
  async #lookUpSlot(
    { credentialId, hash }: HashedApiKey,
    { clientAddress }: RequestScope,
  ): Promise<Result<() => void, AccessFailure>> {
    const { credentials, failures, clock } = this.#ports;
    const giveUpAtMs = clock.now() + LOOKUP_WAIT_MS_MAX;
    for (;;) {
      if (credentials.hasVerified(credentialId, hash)) return ok(() => undefined);
      const lockoutSeconds = failures.lockoutSeconds(clientAddress());
      if (lockoutSeconds !== undefined) return lockedOut(lockoutSeconds);
      const free = failures.lookUp(clientAddress());
      if (free !== undefined) return ok(free);
      if (clock.now() >= giveUpAtMs) {
        return fail({
          type: 'rate-limited',
          retryAfterSeconds: LOOKUP_RETRY_SECONDS,
          because: 'unverified-keys',
        });
      }
      await clock.sleep(LOOKUP_POLL_EVERY_MS);
    }
  }

  async #lookUp(key: HashedApiKey, request: RequestScope): Authenticated {
    const found = await this.#ports.credentials.read(key.credentialId);
    if (!found.ok) return found;
    const records = found.value;
    if (records === undefined || !isOfKey(records, key))
      return this.#charge({ type: 'invalid-key' }, request);
    return this.#authorize(records, callerOfKey(records), request);
  }

  async #ticket(text: string, request: RequestScope): Authenticated {
    const { credentials, failures, ticketKeys, clock } = this.#ports;
    const verified = verifyTicket(text, ticketKeys, clock.now());
    if (!verified.ok) {
      if (verified.failure.type === 'expired-ticket') return verified;
      const lockoutSeconds = failures.lockoutSeconds(request.clientAddress());
      return lockoutSeconds === undefined
        ? this.#charge(verified.failure, request)
        : lockedOut(lockoutSeconds);
    }
    const claims = verified.value;
    const found = await credentials.read(claims.cid);
    if (!found.ok) return found;
    const records = found.value;
    // Once a key loses the right to create tickets, its existing tickets are invalid, too.
    if (records === undefined || records.facts.keyId !== claims.sub || !records.facts.tickets) {
      return fail({ type: 'invalid-ticket' });
    }
    const isAccepted = request.accepts === 'key-or-ticket' && request.execution !== undefined;
    return this.#authorize(records, callerOfTicket(records, claims), request, isAccepted);
  }

  /**
   * Checks that a genuine credential is still valid, within its rate limit, and accepted for this route and
   * execution.
   */
  async #authorize(
    records: CredentialRecords,
    caller: Caller,
    { execution }: RequestScope,
    isAccepted = true,
  ): Authenticated {
    const ended = endOf(records, this.#ports.clock.now());
    if (ended !== undefined) return fail(ended);
    const rate = await this.#ports.tiers[caller.tier].take(`key:${caller.keyId}`);
    if (!rate.allowed) return fail({ type: 'rate-limited', retryAfterSeconds: rate.retryAfterSeconds ?? 1 });
    if (!isAccepted) return fail({ type: 'operation-forbidden', detail: WHAT_TICKETS_ARE_FOR });
    return execution === undefined ? ok(caller) : authorize(caller, execution.executionId);
  }

  /** Counts a wrong credential against the client's address. */
  async #charge(failure: AccessFailure, { clientAddress }: RequestScope): Authenticated {
    const lockoutSeconds = await this.#ports.failures.charge(clientAddress());
    return lockoutSeconds === undefined ? fail(failure) : lockedOut(lockoutSeconds);
  }
}

/**
 * Returns why a credential is no longer valid, or undefined while it is valid. If it is both revoked and
 * expired, reports the revocation, which tells the caller more.
 */
export function endOf(records: CredentialRecords, nowMs: number): AccessFailure | undefined {
  if (records.state.revokedAt !== undefined) return { type: 'revoked-key' };
  if ((validUntilMs(records) ?? Number.POSITIVE_INFINITY) <= nowMs) return { type: 'expired-key' };
  return undefined;
}

const isOfKey = ({ credential }: CredentialRecords, key: HashedApiKey): boolean =>
  timingSafeEqual(credential.hash, key.hash);
