/**
 * The rate limiter over Cloudflare's rate-limit binding. The binding counts separately in each location, can
 * allow more than its limit, and answers only yes or no. So the retry time is an upper bound: the whole
 * period. Source: developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit.
 */
import type { Log } from '../../core/log.ts';
import type { RateLimit, RateLimiter } from './rate-limit.ts';

/**
 * The part of a `RateLimit` binding that this adapter uses. Declaring it here avoids a dependency on platform
 * types.
 */
export interface RateLimitBinding {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** `limit` must equal the limit of this binding in wrangler.toml. */
export const createWorkersRateLimiter = (
  binding: RateLimitBinding,
  limit: RateLimit,
  log: Log,
): RateLimiter => ({
  async take(bucket) {
    try {
      const { success } = await binding.limit({ key: bucket });
      return success ? { allowed: true } : { allowed: false, retryAfterSeconds: limit.periodSeconds };
    } catch (error) {
      // Fail open: the limit only protects against cost, and refusing every request would be worse.
      log({ event: 'rate-limit-unavailable', level: 'error', error: String(error) });
      return { allowed: true };
    }
  },
});
