/**
 * The rate-limit port, and the limits. A limiter counts requests per bucket. It is not access control: if the
 * limiter fails, it allows the request. The adapters are in-process-rate-limit.ts and workers-rate-limit.ts.
 * One contract suite tests both.
 */

import type { RateTier } from '../../core/rate-tier.ts';

export interface RateLimiter {
  /** Counts one request in the bucket. Refused requests are not counted. */
  take(bucket: string): Promise<RateLimitAnswer>;
}

export interface RateLimitAnswer {
  readonly allowed: boolean;
  /** Present if the request is refused: how long to wait before a retry. At least 1. */
  readonly retryAfterSeconds?: number;
}

export interface RateLimit {
  readonly requests: number;
  /** Cloudflare's binding supports only 10 and 60. */
  readonly periodSeconds: 10 | 60;
}

/**
 * Limits on the requests of one key. wrangler.toml repeats the numbers for Cloudflare's binding. A test
 * compares them.
 */
export const RATE_TIERS = {
  /** Enough for a back end that polls ten executions every second, or a page that opens a hundred streams. */
  standard: { requests: 100, periodSeconds: 10 },
  high: { requests: 1000, periodSeconds: 10 },
} as const satisfies Record<RateTier, RateLimit>;

/**
 * The limit on wrong credentials of one client address. It allows for typing errors, but prevents many
 * storage reads.
 */
export const FAILED_AUTHENTICATIONS: RateLimit = { requests: 30, periodSeconds: 60 };
