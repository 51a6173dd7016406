/**
 * The limit on wrong credentials per client address. Two halves, because Cloudflare's binding can't be asked without being
 * charged: failures are charged to the limiter, and an address that it refuses is remembered here as shut out until the
 * period is over. So the question before any storage is read costs no call at all.
 */
import { LRUCache } from 'lru-cache';

import type { Clock } from '../clock.ts';
import type { RateLimiter } from './rate-limit.ts';

/** About 100 bytes each. */
const ADDRESSES_MAX = 10_000;

export interface FailedAuthentications {
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

  return {
    shutOutSeconds,
    async charge(address) {
      const { allowed, retryAfterSeconds = 1 } = await limiter.take(`address:${address}`);
      if (!allowed) shutOutUntilMs.set(address, clock.now() + retryAfterSeconds * 1000);
      return shutOutSeconds(address);
    },
  };
}
