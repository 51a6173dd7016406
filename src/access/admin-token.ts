/**
 * Authenticates admins, who send the ADMIN_TOKEN in `Authorization: Bearer`. If that setting is missing, the
 * admin API is off. The sent and the expected token are hashed, and the hashes are compared in constant time,
 * so that not even the token's length leaks.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

import { LruMap } from '../core/lru-map.ts';
import { fail, ok, type Result } from '../core/errors.ts';
import { SECRET_CHARACTERS_MIN } from '../core/secret-length.ts';
import type { AccessRequest } from './authenticate.ts';
import { type FailedAuthentications, lockedOut } from './limits/failed-authentications.ts';
import { bearerToken, presentedCredential, type PresentedFailure } from './presented-credential.ts';

/** How many addresses that have sent the right token are remembered. Each takes about 100 bytes. */
const ADDRESSES_MAX = 1_000;

export type AdminRequest = Pick<AccessRequest, 'url' | 'headers' | 'clientAddress'>;
export type AuthenticateAdmin = (request: AdminRequest) => Promise<Result<void, PresentedFailure>>;

/** Returns undefined if the admin API is off, because the token is not set or is too short to be a secret. */
export function createAuthenticateAdmin(
  adminToken: string | undefined,
  failures: FailedAuthentications,
): AuthenticateAdmin | undefined {
  if (adminToken === undefined || adminToken.length < SECRET_CHARACTERS_MIN) return undefined;
  const expected = sha256(adminToken);
  const verifiedAddresses = new LruMap<string, true>({ max: ADDRESSES_MAX });
  return async ({ url, headers, clientAddress: addressOf }) => {
    const presented = presentedCredential(url, headers);
    if (!presented.ok) {
      const { failure } = presented;
      return failure.type === 'missing-credentials' ? fail({ ...failure, wanted: 'admin-token' }) : presented;
    }
    // Do not split the header at commas: unlike an API key, an operator's token may contain one.
    const token = bearerToken(headers.get('Authorization') ?? '');
    if (token === undefined) return missing();
    const clientAddress = addressOf();
    // Check the lockout before comparing the token. Otherwise the answer would confirm a correct guess. An
    // address that has sent the right token is exempt, so an operator is not locked out by wrong keys from
    // the same address (an office, a carrier's NAT).
    const lockoutSeconds = failures.lockoutSeconds(clientAddress);
    if (lockoutSeconds !== undefined && !verifiedAddresses.has(clientAddress))
      return lockedOut(lockoutSeconds);
    if (timingSafeEqual(sha256(token), expected)) {
      verifiedAddresses.set(clientAddress, true);
      return ok(undefined);
    }
    const newLockoutSeconds = lockoutSeconds ?? (await failures.charge(clientAddress));
    return newLockoutSeconds === undefined
      ? fail({ type: 'invalid-key', wanted: 'admin-token' })
      : lockedOut(newLockoutSeconds);
  };
}

const missing = () => fail({ type: 'missing-credentials', wanted: 'admin-token' });

const sha256 = (text: string): Uint8Array => createHash('sha256').update(text).digest();
