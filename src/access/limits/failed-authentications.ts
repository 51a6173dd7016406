/**
 * The limit on wrong credentials per client address. A failure is known only after a read of the store, so what is being looked
 * up for an address is bounded, too: else all that come at once are read before the first is charged. Counted in this isolate or
 * process, where its reads are made.
 *
 * The limit itself has two halves, because Cloudflare's binding can't be asked without being
 * charged: failures are charged to the limiter, and an address that it refuses is remembered here as shut out until the
 * period is over. So the question before any storage is read costs no call at all.
 */
import { LRUCache } from 'lru-cache';

import type { Clock } from '../../core/clock.ts';
import type { RateLimiter } from './rate-limit.ts';

/** About 100 bytes each. */
const ADDRESSES_MAX = 10_000;

/** Unverified keys looked up at once for one address: an office that comes back after a deploy has its turn within a moment. */
export const LOOKUPS_AT_ONCE_MAX = 30;
/** A request that was abandoned with its caller never says that it is done: it counts no longer than this. */
const LOOKUP_MS_MAX = 10_000;

export interface FailedAuthentications {
  /** Counts one look-up until the function is called; undefined when the address has as many under way as it may. */
  lookUp(address: string): (() => void) | undefined;
  /** Seconds that the address is still shut out for; undefined when it is not. */
  shutOutSeconds(address: string): number | undefined;
  /** Counts one failure. Answers as `shutOutSeconds` does, right after it. */
  charge(address: string): Promise<number | undefined>;
}

export function createFailedAuthentications(limiter: RateLimiter, clock: Clock): FailedAuthentications {
  const shutOutUntilMs = new LRUCache<string, number>({ max: ADDRESSES_MAX });

  const shutOutSeconds = (address: string): number | undefined => {
    const leftMs = (shutOutUntilMs.get(address) ?? 0) - clock.now();
    return leftMs > 0 ? Math.ceil(leftMs / 1000) : undefined;
  };

  /** When each began. */
  const underWay = new LRUCache<string, readonly { readonly sinceMs: number }[]>({ max: ADDRESSES_MAX });

  return {
    shutOutSeconds,
    lookUp(address) {
      const now = clock.now();
      const others = (underWay.get(address) ?? []).filter(({ sinceMs }) => now - sinceMs < LOOKUP_MS_MAX);
      if (others.length >= LOOKUPS_AT_ONCE_MAX) return undefined;
      const mine = { sinceMs: now };
      underWay.set(address, [...others, mine]);
      return () => {
        const left = (underWay.get(address) ?? []).filter((lookup) => lookup !== mine);
        if (left.length > 0) underWay.set(address, left);
        else underWay.delete(address);
      };
    },
    async charge(address) {
      const { allowed, retryAfterSeconds = 1 } = await limiter.take(`address:${address}`);
      if (!allowed) shutOutUntilMs.set(address, clock.now() + retryAfterSeconds * 1000);
      return shutOutSeconds(address);
    },
  };
}
