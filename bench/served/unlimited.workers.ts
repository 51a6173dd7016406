/**
 * Flowtap's Worker without the rate limiter that miniflare simulates: on Cloudflare a limiter is part of the
 * platform and costs next to nothing, here each call of it is a request to another Worker. Everything else is
 * the deployed code.
 */
import worker from '../../src/worker.ts';

export { CallBudgetObject, ExecutionObject } from '../../src/worker.ts';

const unlimited: RateLimit = { limit: () => Promise.resolve({ success: true }) };
type Env = Parameters<typeof worker.fetch>[1];
/** Made by the first request: only then are the bindings known. */
let patched: Env;

// oxlint-disable-next-line import/no-default-export -- the runtime requires it
export default {
  fetch: (request, env, context) => {
    patched ??= { ...env, RATE_STANDARD: unlimited, RATE_HIGH: unlimited, RATE_AUTH_FAILURES: unlimited };
    return worker.fetch(request, patched, context);
  },
} satisfies ExportedHandler<Env>;
