/** The contract of rate limiters, run on each adapter. */
import { describe, expect, test } from 'vitest';

import type { RateLimit, RateLimiter } from '../../src/access/limits/rate-limit.ts';

export interface LimiterUnderTest {
  readonly limiter: RateLimiter;
  readonly limit: RateLimit;
  /** The number of the current period. Absent if tests advance the limiter's clock. */
  readonly period?: () => number;
  /** Advances the limiter's clock. Absent if tests cannot advance it. */
  readonly advance?: (ms: number) => Promise<void>;
}

export function describeRateLimitContract(adapter: string, open: () => Promise<LimiterUnderTest>): void {
  /**
   * Uses up a bucket, and returns the answer to one more request. Starts again with a new bucket if a new period
   * begins meanwhile.
   */
  const takeAllAndOne = async ({ limiter, limit, period = () => 0 }: LimiterUnderTest, name: string) => {
    for (let attempt = 1; ; attempt++) {
      const bucket = `${name} ${attempt}`;
      const began = period();
      const answers = [];
      for (let request = 0; request <= limit.requests; request++) answers.push(await limiter.take(bucket));
      if (period() !== began) continue;
      const last = answers.pop();
      for (const answer of answers) expect(answer).toEqual({ allowed: true });
      return { bucket, allowed: last?.allowed, retryAfterSeconds: last?.retryAfterSeconds ?? 0 };
    }
  };

  describe(`the rate-limit contract, ${adapter}`, () => {
    test('requests up to the limit are allowed in one period, and the next one is refused', async () => {
      const under = await open();
      const refused = await takeAllAndOne(under, 'a');
      expect(refused.allowed).toBe(false);
      expect(refused.retryAfterSeconds).toBeGreaterThanOrEqual(1);
      expect(refused.retryAfterSeconds).toBeLessThanOrEqual(under.limit.periodSeconds);
      expect(Number.isInteger(refused.retryAfterSeconds)).toBe(true);
    });

    test('buckets are independent', async () => {
      const under = await open();
      expect((await takeAllAndOne(under, 'b')).allowed).toBe(false);
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
      const { bucket, retryAfterSeconds } = await takeAllAndOne(under, 'd');
      await under.advance(retryAfterSeconds * 1000 - 1000);
      expect((await under.limiter.take(bucket)).allowed).toBe(false);
      await under.advance(1000);
      for (let request = 0; request < under.limit.requests; request++) {
        expect(await under.limiter.take(bucket)).toEqual({ allowed: true });
      }
      expect((await under.limiter.take(bucket)).allowed).toBe(false);
    });
  });
}
