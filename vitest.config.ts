import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

/**
 * Two projects. `node`: everything that needs no workerd inside the test, including tests that start a whole workerd and
 * talk to it over a socket. `workers`: files named *.workers.test.ts, which run inside workerd, beside the objects they
 * look into.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.workers.test.ts'],
          environment: 'node',
          setupFiles: ['test/support/search-on-node.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' } })],
        test: {
          name: 'workers',
          include: ['test/**/*.workers.test.ts'],
          setupFiles: ['test/support/secret-search.workers.ts'],
          testTimeout: 30_000,
        },
      },
    ],
  },
});
