import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { createFailedAuthentications } from '../../src/access/limits/failed-authentications.ts';
import { createInProcessRateLimiter } from '../../src/access/limits/in-process-rate-limit.ts';
import { FAILED_AUTHENTICATIONS, RATE_TIERS, type RateLimit } from '../../src/access/limits/rate-limit.ts';
import { createWorkersRateLimiter } from '../../src/access/limits/workers-rate-limit.ts';
import type { LogRecord } from '../../src/core/log.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { describeRateLimitContract } from './rate-limit-contract.ts';

const TEN: RateLimit = { requests: 10, periodSeconds: 10 };

describeRateLimitContract('in process', async () => {
  const clock = new ManualClock();
  return { limiter: createInProcessRateLimiter(TEN, clock), limit: TEN, advance: (ms) => clock.advance(ms) };
});

describe('rate limits', () => {
  test('are the same in the code and in every environment of wrangler.toml', () => {
    const toml = readFileSync(new URL('../../wrangler.toml', import.meta.url), 'utf8');
    const written = [...toml.matchAll(/name = "(RATE_\w+)"\nnamespace_id = "\d+"\nsimple = (.+)/g)];
    const expected = new Map([
      ['RATE_STANDARD', RATE_TIERS.standard],
      ['RATE_HIGH', RATE_TIERS.high],
      ['RATE_AUTH_FAILURES', FAILED_AUTHENTICATIONS],
    ]);
    expect(written).toHaveLength(3 * expected.size);
    for (const [, name = '', simple] of written) {
      const limit = expected.get(name);
      expect(simple).toBe(`{ limit = ${limit?.requests}, period = ${limit?.periodSeconds} }`);
    }
  });

  test('allow the request and log an error if the binding fails', async () => {
    const logged: LogRecord[] = [];
    const broken = { limit: () => Promise.reject(new Error('binding gone')) };
    const limiter = createWorkersRateLimiter(broken, TEN, (record) => logged.push(record));
    expect(await limiter.take('key:a')).toEqual({ allowed: true });
    expect(logged).toEqual([
      { event: 'rate-limit-unavailable', level: 'error', error: 'Error: binding gone' },
    ]);
  });

  test('in process keep a bounded number of buckets', async () => {
    const limiter = createInProcessRateLimiter({ requests: 1, periodSeconds: 10 }, new ManualClock());
    await limiter.take('first');
    expect((await limiter.take('first')).allowed).toBe(false);
    for (let other = 0; other < 10_000; other++) await limiter.take(`other${other}`);
    expect((await limiter.take('first')).allowed).toBe(true);
  });
});

describe('an address that fails to authenticate', () => {
  const open = () => {
    const clock = new ManualClock();
    const limiter = createInProcessRateLimiter(FAILED_AUTHENTICATIONS, clock);
    return { clock, failures: createFailedAuthentications(limiter, clock) };
  };

  test('is locked out by its first failure over the limit until the period ends; other addresses are not', async () => {
    const { clock, failures } = open();
    for (let failure = 0; failure < FAILED_AUTHENTICATIONS.requests; failure++) {
      expect(await failures.charge('192.0.2.1')).toBeUndefined();
      expect(failures.lockoutSeconds('192.0.2.1')).toBeUndefined();
    }
    expect(await failures.charge('192.0.2.1')).toBe(60);
    expect(failures.lockoutSeconds('192.0.2.1')).toBe(60);
    expect(failures.lockoutSeconds('192.0.2.2')).toBeUndefined();
    await clock.advance(59_001);
    expect(failures.lockoutSeconds('192.0.2.1')).toBe(1);
    await clock.advance(999);
    expect(failures.lockoutSeconds('192.0.2.1')).toBeUndefined();
    expect(await failures.charge('192.0.2.1')).toBeUndefined();
  });
});
