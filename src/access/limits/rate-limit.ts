/**
 * The rate-limit port and the limits. A limiter counts per bucket and says yes or no; it is no lock: one that fails lets
 * callers in. Adapters: in-process-rate-limit.ts, workers-rate-limit.ts; one contract suite holds both.
 */

export interface RateLimiter {
  /** Counts one request in the bucket, unless it is refused. */
  take(bucket: string): Promise<RateLimitAnswer>;
}

export interface RateLimitAnswer {
  readonly allowed: boolean;
  /** When refused: after this long it is worth while to come back. At least 1. */
  readonly retryAfterSeconds?: number;
}

export interface RateLimit {
  readonly requests: number;
  /** 10 or 60: what Cloudflare's binding takes. */
  readonly periodSeconds: 10 | 60;
}

/** Requests of one key. wrangler.toml repeats the numbers for Cloudflare's binding; a test holds the two together. */
export const RATE_TIERS = {
  /** A back end that polls ten executions every second, or a page that opens a hundred streams. */
  standard: { requests: 100, periodSeconds: 10 },
  high: { requests: 1000, periodSeconds: 10 },
} as const satisfies Record<string, RateLimit>;

export type RateTier = keyof typeof RATE_TIERS;

/** Wrong credentials of one client address: enough for someone who mistypes, too few to cost us storage reads. */
export const FAILED_AUTHENTICATIONS: RateLimit = { requests: 30, periodSeconds: 60 };
