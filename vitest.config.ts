import { availableParallelism } from 'node:os';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { LONG_TESTS } from './test/long.ts';

/** The time limits only end what hangs, also on a machine with ten times the load: no test is about how fast the machine is. */
const limits = { testTimeout: 600_000, hookTimeout: 600_000 };
const onNode = { ...limits, setupFiles: ['test/support/search-on-node.ts', 'test/support/fixed-seed.ts'] };

/**
 * Three projects. `node`: everything that needs no workerd inside the test, including tests that start a whole workerd and
 * talk to it over a socket. `long`: the same, but for minutes (test/long.ts). `inside-workerd`: files named *.workers.test.ts,
 * which run inside workerd, beside the objects they look into. `npm test` runs `node` and `inside-workerd`, `npm run test:all`
 * all three.
 *
 * Vitest starts the files of projects in the order of the projects' names. So the files inside workerd, which mostly wait for
 * timers, start first, and the others use the processor meanwhile.
 */
export default defineConfig({
  test: {
    // One more than there are cores: tests over sockets wait for other programs now and then.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        test: {
          ...onNode,
          // Files share the modules of their process. Loading them for each file would take a third of the CPU time.
          isolate: false,
          restoreMocks: true,
          unstubGlobals: true,
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.workers.test.ts', ...LONG_TESTS],
        },
      },
      {
        test: {
          ...onNode,
          name: 'long',
          include: LONG_TESTS,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' } })],
        test: {
          name: 'inside-workerd',
          include: ['test/**/*.workers.test.ts'],
          setupFiles: ['test/support/secret-search.workers.ts'],
          ...limits,
        },
      },
    ],
  },
});
