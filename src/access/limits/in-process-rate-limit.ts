/**
 * The rate limiter of a single process. Each bucket has a fixed window, which begins with the bucket's first
 * request. If there are too many buckets, the least recently used one is evicted, so its count restarts at
 * zero.
 */
import { LruMap } from '../../core/lru-map.ts';
import type { Clock } from '../../core/clock.ts';
import type { RateLimit, RateLimiter } from './rate-limit.ts';

/** How many buckets are kept, at about 200 bytes each. */
const BUCKETS_MAX = 10_000;

interface Window {
  readonly endsAtMs: number;
  readonly count: number;
}

export function createInProcessRateLimiter(limit: RateLimit, clock: Clock): RateLimiter {
  const windows = new LruMap<string, Window>({ max: BUCKETS_MAX });
  return {
    async take(bucket) {
      const now = clock.now();
      const open = windows.get(bucket);
      if (open === undefined || open.endsAtMs <= now) {
        windows.set(bucket, { endsAtMs: now + limit.periodSeconds * 1000, count: 1 });
        return { allowed: true };
      }
      if (open.count >= limit.requests) {
        return { allowed: false, retryAfterSeconds: Math.ceil((open.endsAtMs - now) / 1000) };
      }
      windows.set(bucket, { ...open, count: open.count + 1 });
      return { allowed: true };
    },
  };
}
