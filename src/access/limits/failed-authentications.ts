/**
 * Limits wrong credentials per client address. An address that exceeds the limit is locked out until the
 * limiter's period ends.
 *
 * - Cloudflare's binding can't be queried without being charged. So failures are charged to the limiter, and
 *   lockouts are kept here: the check before any storage read costs no call.
 * - A failure is known only after a store read. So look-ups in progress are limited, too: otherwise a burst
 *   would be read before the first failure is charged. They are counted in the isolate or process that makes
 *   the reads.
 */
import { LruMap } from '../../core/lru-map.ts';
import type { Clock } from '../../core/clock.ts';
import { fail } from '../../core/errors.ts';
import type { RateLimiter } from './rate-limit.ts';

/** About 100 bytes each. */
const ADDRESSES_MAX = 10_000;

/**
 * Unverified keys that are looked up at once for one address. An office that reconnects after a deploy needs
 * only moments.
 */
export const LOOKUPS_AT_ONCE_MAX = 30;
/** A look-up counts no longer than this, because a request whose caller has left may never report its end. */
const LOOKUP_MS_MAX = 10_000;

export interface FailedAuthentications {
  /**
   * Takes a look-up slot. The returned function frees it. Undefined when all slots of the address are taken.
   */
  lookUp(address: string): (() => void) | undefined;
  /** Seconds until the lockout of the address ends; undefined if it is not locked out. */
  lockoutSeconds(address: string): number | undefined;
  /** Counts one failure. Resolves with `lockoutSeconds` after it. */
  charge(address: string): Promise<number | undefined>;
}

export function createFailedAuthentications(limiter: RateLimiter, clock: Clock): FailedAuthentications {
  const lockedOutUntilMs = new LruMap<string, number>({ max: ADDRESSES_MAX });

  const lockoutSeconds = (address: string): number | undefined => {
    const leftMs = (lockedOutUntilMs.get(address) ?? 0) - clock.now();
    return leftMs > 0 ? Math.ceil(leftMs / 1000) : undefined;
  };

  /** When each look-up began. */
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
 * The answer while an address is locked out, the same for right and wrong credentials: a difference would
 * help guessing.
 */
export const lockedOut = (retryAfterSeconds: number) =>
  fail({ type: 'rate-limited', retryAfterSeconds, because: 'wrong-credentials' });
