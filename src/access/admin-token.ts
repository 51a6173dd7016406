/**
 * The admin's credential: ADMIN_TOKEN, in `Authorization: Bearer`. Compared in constant time: both sides are hashed first, so
 * that not even the length shows. Without such a setting there is no admin API at all.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

import { LRUCache } from 'lru-cache';

import { fail, ok, type Result } from '../core/errors.ts';
import type { FailedAuthentications } from './limits/failed-authentications.ts';
import { presentedCredential, type PresentedFailure } from './presented-credential.ts';
import type { AccessRequest } from './authenticate.ts';

/** Shorter ones could be guessed. */
export const ADMIN_TOKEN_CHARACTERS_MIN = 32;
/** Addresses that have shown the token, about 100 bytes each. */
const ADDRESSES_MAX = 1_000;

export type AdminRequest = Pick<AccessRequest, 'url' | 'headers' | 'clientAddress'>;
export type AuthenticateAdmin = (request: AdminRequest) => Promise<Result<void, PresentedFailure>>;

/** Undefined when the admin API is off: no token, or one too short to be a secret. */
export function createAuthenticateAdmin(
  adminToken: string | undefined,
  failures: FailedAuthentications,
): AuthenticateAdmin | undefined {
  if (adminToken === undefined || adminToken.length < ADMIN_TOKEN_CHARACTERS_MIN) return undefined;
  const expected = sha256(adminToken);
  const letInBefore = new LRUCache<string, true>({ max: ADDRESSES_MAX });
  return async ({ url, headers, clientAddress }) => {
    const presented = presentedCredential(url, headers);
    if (!presented.ok) {
      const { failure } = presented;
      return failure.type === 'missing-credentials' ? fail({ ...failure, wanted: 'admin-token' }) : presented;
    }
    // The whole header: an operator's token may contain a comma, which no key does.
    const authorization = headers.get('Authorization') ?? '';
    if (!/^bearer /i.test(authorization)) return missing();
    // Before the token is looked at: an answer that tells right from wrong is all that guessing needs. An address that had it
    // right here is spared, so that somebody else's wrong keys (an office, a carrier's NAT) don't keep an operator out.
    const shutOutSeconds = failures.shutOutSeconds(clientAddress);
    if (shutOutSeconds !== undefined && !letInBefore.has(clientAddress)) return shutOut(shutOutSeconds);
    const token = authorization.slice('bearer '.length).trim();
    if (timingSafeEqual(sha256(token), expected)) {
      letInBefore.set(clientAddress, true);
      return ok(undefined);
    }
    const nowShutOutSeconds = shutOutSeconds ?? (await failures.charge(clientAddress));
    return nowShutOutSeconds === undefined
      ? fail({ type: 'invalid-key', wanted: 'admin-token' })
      : shutOut(nowShutOutSeconds);
  };
}

const missing = () => fail({ type: 'missing-credentials', wanted: 'admin-token' });

const shutOut = (retryAfterSeconds: number) =>
  fail({ type: 'rate-limited', retryAfterSeconds, because: 'wrong-credentials' });

const sha256 = (text: string): Uint8Array => createHash('sha256').update(text).digest();
