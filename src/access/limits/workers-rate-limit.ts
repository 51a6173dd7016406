/**
 * The rate limiter over Cloudflare's rate-limit binding. Platform file. The binding counts at each place on its own, is
 * permissive, and says only yes or no: the time to come back is a guess, the whole period at the most.
 * Source: developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit.
 */
import type { Log } from '../../core/log.ts';
import type { RateLimit, RateLimiter } from './rate-limit.ts';

/** What this adapter needs of a `RateLimit` binding, in words that every tool chain knows. */
export interface RateLimitBinding {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** `limit` is what wrangler.toml says of this binding. */
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
      // It protects from cost; keys are the lock. Refusing everyone would be the worse failure.
      log({ event: 'rate-limit-unavailable', level: 'error', error: String(error) });
      return { allowed: true };
    }
  },
});
