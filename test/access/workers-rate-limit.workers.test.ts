import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach } from 'vitest';

import { FAILED_AUTHENTICATIONS } from '../../src/access/limits/rate-limit.ts';
import {
  createWorkersRateLimiter,
  type RateLimitBinding,
} from '../../src/access/limits/workers-rate-limit.ts';
import { describeRateLimitContract } from './rate-limit-contract.ts';

afterEach(async () => {
  await reset();
});

// Safety: wrangler.toml defines this binding. Generated types of bindings exist only for the Worker's entry.
const { RATE_AUTH_FAILURES } = env as unknown as { RATE_AUTH_FAILURES: RateLimitBinding };

describeRateLimitContract("Cloudflare's binding", async () => ({
  limiter: createWorkersRateLimiter(RATE_AUTH_FAILURES, FAILED_AUTHENTICATIONS, () => {}),
  limit: FAILED_AUTHENTICATIONS,
  // Periods are aligned to the wall clock.
  period: () => Math.floor(Date.now() / (FAILED_AUTHENTICATIONS.periodSeconds * 1000)),
}));
