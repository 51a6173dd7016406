/**
 * Flowtap's Worker without the rate limiter. On Cloudflare the limiter is part of the platform and costs next to
 * nothing. miniflare simulates it by a request to another Worker, which would distort the numbers. Everything else is
 * the deployed code.
 */
import worker from '../../src/worker.ts';

export { CallBudgetObject, ExecutionObject } from '../../src/worker.ts';

const unlimited: RateLimit = { limit: () => Promise.resolve({ success: true }) };
type Env = Parameters<typeof worker.fetch>[1];
/** Set by the first request, because the bindings are unknown before. */
let patched: Env;

// oxlint-disable-next-line import/no-default-export -- the runtime requires it
export default {
  fetch: (request, env, context) => {
    patched ??= { ...env, RATE_STANDARD: unlimited, RATE_HIGH: unlimited, RATE_AUTH_FAILURES: unlimited };
    return worker.fetch(request, patched, context);
  },
} satisfies ExportedHandler<Env>;
