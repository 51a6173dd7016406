/**
 * `npm run test:explore`: runs the random tests round after round, each round with a new seed. Stops at the first failure and
 * prints the command that repeats it. `-- --rounds 20` changes the number of rounds; file names after it limit the tests.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What a file imports that draws at random, directly or by a generator of test/support. */
const DRAWS = /from '(?:fast-check|[./\w-]+\/(?:seeded-random|histories|requests|[\w-]+-under-test)\.ts)'/;
/** Ten times what the gate runs. */
const FUZZ_RUNS = '100000';

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const drawing = globSync('test/**/*.test.ts', { cwd: ROOT }).filter((file) =>
  DRAWS.test(readFileSync(ROOT + file, 'utf8')),
);
const files = positionals.length > 0 ? positionals : drawing.toSorted();

for (let round = 1; round <= Number(values.rounds); round++) {
  const seed = String(randomInt(2 ** 31));
  const env = { FLOWTAP_TEST_SEED: seed, FLOWTAP_FUZZ_RUNS: FUZZ_RUNS };
  console.log(`Round ${round} of ${values.rounds}, seed ${seed}`);
  const { status } = spawnSync('vitest', ['run', '--project', 'node', '--project', 'long', ...files], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (status !== 0) {
    const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    console.error(
      `\nTo repeat it, name the file that failed: ${settings.join(' ')} npm run test:all -- <file>`,
    );
    process.exitCode = 1;
    break;
  }
}
