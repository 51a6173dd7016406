import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, vi } from 'vitest';

import { FAILED_AUTHENTICATIONS } from '../../src/access/limits/rate-limit.ts';
import {
  createWorkersRateLimiter,
  type RateLimitBinding,
} from '../../src/access/limits/workers-rate-limit.ts';
import { describeRateLimitContract } from './rate-limit-contract.ts';

afterEach(async () => {
  await reset();
});

// Safety: the binding that wrangler.toml names; the generated types of all bindings belong to the Worker's entry.
const { RATE_AUTH_FAILURES } = env as unknown as { RATE_AUTH_FAILURES: RateLimitBinding };

// Windows are aligned to the wall clock: a test that begins just before the turn of a minute would see two of them.
const PERIOD_MS = FAILED_AUTHENTICATIONS.periodSeconds * 1000;
const nearTheTurn = () => Date.now() % PERIOD_MS > PERIOD_MS - 2000;

describeRateLimitContract("Cloudflare's binding", async () => {
  await vi.waitUntil(() => !nearTheTurn(), { timeout: 20_000 });
  return {
    limiter: createWorkersRateLimiter(RATE_AUTH_FAILURES, FAILED_AUTHENTICATIONS, () => {}),
    limit: FAILED_AUTHENTICATIONS,
  };
});
