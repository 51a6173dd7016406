/**
 * Limits wrong credentials per client address. An address that exceeds the limit is locked out until the
 * limiter's period ends.
 *
 * - Querying Cloudflare's rate limiter counts as a request. So only failures are sent to the limiter, and
 *   lockouts are remembered here. Checking for a lockout, which precedes any storage read, needs no call.
 * - A wrong key is recognised only after a store read. A burst of keys could cause many reads before the
 *   first failure is charged. So concurrent look-ups are limited, too, per isolate or process.
 */
import { LruMap } from '../../core/lru-map.ts';
import type { Clock } from '../../core/clock.ts';
import { fail } from '../../core/errors.ts';
import type { RateLimiter } from './rate-limit.ts';

/** How many addresses are remembered, at about 100 bytes each. */
const ADDRESSES_MAX = 10_000;

/**
 * How many unverified keys of one address are looked up concurrently. This is enough for an office whose
 * clients all reconnect after a deploy.
 */
export const LOOKUPS_AT_ONCE_MAX = 30;
/**
 * After this long, a look-up no longer counts. A request whose caller has disconnected might never free its
 * slot.
 */
const LOOKUP_MS_MAX = 10_000;

export interface FailedAuthentications {
  /**
   * Takes a look-up slot. The returned function frees it. Returns undefined if the address has no free slot.
   */
  lookUp(address: string): (() => void) | undefined;
  /** Seconds until the lockout of the address ends, or undefined if it is not locked out. */
  lockoutSeconds(address: string): number | undefined;
  /** Counts one failure. Resolves with the resulting `lockoutSeconds`. */
  charge(address: string): Promise<number | undefined>;
}

export function createFailedAuthentications(limiter: RateLimiter, clock: Clock): FailedAuthentications {
  const lockedOutUntilMs = new LruMap<string, number>({ max: ADDRESSES_MAX });

  const lockoutSeconds = (address: string): number | undefined => {
    const leftMs = (lockedOutUntilMs.get(address) ?? 0) - clock.now();
    return leftMs > 0 ? Math.ceil(leftMs / 1000) : undefined;
  };

  /** The start times of the look-ups in progress, by address. */
  const inProgress = new LruMap<string, readonly { readonly sinceMs: number }[]>({ max: ADDRESSES_MAX });

  return {
    lockoutSeconds,
    lookUp(address) {
      const now = clock.now();
      const others = (inProgress.get(address) ?? []).filter(({ sinceMs }) => now - sinceMs < LOOKUP_MS_MAX);
      if (others.length >= LOOKUPS_AT_ONCE_MAX) return undefined;
      const mine = { sinceMs: now };
      inProgress.set(address, [...others, mine]);
      return () => {
        const left = (inProgress.get(address) ?? []).filter((lookup) => lookup !== mine);
        if (left.length > 0) inProgress.set(address, left);
        else inProgress.delete(address);
      };
    },
    async charge(address) {
      const { allowed, retryAfterSeconds = 1 } = await limiter.take(`address:${address}`);
      if (!allowed) lockedOutUntilMs.set(address, clock.now() + retryAfterSeconds * 1000);
      return lockoutSeconds(address);
    },
  };
}

/**
 * The answer while an address is locked out. It is the same for right and wrong credentials, because a
 * difference would help guessing.
 */
export const lockedOut = (retryAfterSeconds: number) =>
  fail({ type: 'rate-limited', retryAfterSeconds, because: 'wrong-credentials' });
