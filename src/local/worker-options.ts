/**
 * What wrangler.toml says, as miniflare's options: compatibility, key-value stores, Durable Objects, rate limits, assets.
 * Wrangler translates, so that a binding added there is here at once.
 *
 * Only wrangler.toml counts: wrangler's own reading would add `.dev.vars` and `.env`, and a test that reads the developer's
 * secrets passes on one machine alone.
 */
import type { V4WorkerOptions } from 'miniflare';
import { PROJECT_ROOT } from './bundle.ts';

export type WorkerOptions = Partial<V4WorkerOptions>;

let reading: Promise<WorkerOptions> | undefined;

export function workerOptions(): Promise<WorkerOptions> {
  return (reading ??= read());
}

async function read(): Promise<WorkerOptions> {
  process.env['WRANGLER_SEND_METRICS'] = 'false';
  // Loaded when first needed: it takes most of a second.
  const wrangler = await import('wrangler');
  const config = wrangler.unstable_readConfig({ config: `${PROJECT_ROOT}wrangler.toml` });
  const { workerOptions: options, externalWorkers } = wrangler.unstable_getMiniflareWorkerOptions(config);
  if (externalWorkers.length > 0) throw new Error('Cannot run wrangler.toml here: it binds other Workers');
  return { ...options, name: config.name ?? 'flowtap', bindings: { ...config.vars } };
}
