/** The contract of rate limiters, run on each adapter. */
import { describe, expect, test } from 'vitest';

import type { RateLimit, RateLimiter } from '../../src/access/limits/rate-limit.ts';

export interface LimiterUnderTest {
  readonly limiter: RateLimiter;
  readonly limit: RateLimit;
  /** Advances the limiter's time, if a test can. */
  readonly advance?: (ms: number) => Promise<void>;
}

export function describeRateLimitContract(adapter: string, open: () => Promise<LimiterUnderTest>): void {
  const takeAll = async ({ limiter, limit }: LimiterUnderTest, bucket: string) => {
    for (let request = 0; request < limit.requests; request++) {
      expect(await limiter.take(bucket)).toEqual({ allowed: true });
    }
  };

  describe(`the rate-limit contract, ${adapter}`, () => {
    test('requests up to the limit are allowed in one period, and the next one is refused', async () => {
      const under = await open();
      await takeAll(under, 'a');
      const refused = await under.limiter.take('a');
      expect(refused.allowed).toBe(false);
      expect(refused.retryAfterSeconds).toBeGreaterThanOrEqual(1);
      expect(refused.retryAfterSeconds).toBeLessThanOrEqual(under.limit.periodSeconds);
      expect(Number.isInteger(refused.retryAfterSeconds)).toBe(true);
    });

    test('buckets are independent', async () => {
      const under = await open();
      await takeAll(under, 'b');
      expect((await under.limiter.take('b')).allowed).toBe(false);
      expect((await under.limiter.take('c')).allowed).toBe(true);
    });

    test('any text can name a bucket', async () => {
      const { limiter } = await open();
      for (const bucket of ['', ' ', 'address:2001:db8:0:1::/64', '\u{1f600}', 'x'.repeat(1000)]) {
        expect((await limiter.take(bucket)).allowed).toBe(true);
      }
    });

    test('a refused bucket is allowed again after its retry time', async () => {
      const under = await open();
      if (under.advance === undefined) return;
      await takeAll(under, 'd');
      const { retryAfterSeconds = 0 } = await under.limiter.take('d');
      await under.advance(retryAfterSeconds * 1000 - 1000);
      expect((await under.limiter.take('d')).allowed).toBe(false);
      await under.advance(1000);
      await takeAll(under, 'd');
      expect((await under.limiter.take('d')).allowed).toBe(false);
    });
  });
}
