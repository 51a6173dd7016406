/**
 * The rate-limit port and the limits. A limiter counts requests per bucket. It is not access control: if it
 * fails, it allows the request. Adapters: in-process-rate-limit.ts, workers-rate-limit.ts; one contract suite
 * tests both.
 */

import type { RateTier } from '../../core/rate-tier.ts';

export interface RateLimiter {
  /** Counts one request in the bucket, unless it is refused. */
  take(bucket: string): Promise<RateLimitAnswer>;
}

export interface RateLimitAnswer {
  readonly allowed: boolean;
  /** Present when refused: retry after this long. At least 1. */
  readonly retryAfterSeconds?: number;
}

export interface RateLimit {
  readonly requests: number;
  /** Cloudflare's binding supports 10 and 60. */
  readonly periodSeconds: 10 | 60;
}

/** Requests of one key. wrangler.toml repeats the numbers for Cloudflare's binding; a test compares them. */
export const RATE_TIERS = {
  /** A back end that polls ten executions every second, or a page that opens a hundred streams. */
  standard: { requests: 100, periodSeconds: 10 },
  high: { requests: 1000, periodSeconds: 10 },
} as const satisfies Record<RateTier, RateLimit>;

/** Wrong credentials of one client address: enough for typing errors, too few to cause many storage reads. */
export const FAILED_AUTHENTICATIONS: RateLimit = { requests: 30, periodSeconds: 60 };
