/**
 * `npm run test:explore` runs the random tests in several rounds, each with a new seed and ten times as many runs as
 * usual. It stops at the first failure and prints the command that repeats it. `-- --rounds 20` changes the number of
 * rounds. File names after the options restrict the tests.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as z from 'zod/mini';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/**
 * Matches the imports of a test file that uses random numbers, directly or through a generator of another test file.
 */
const DRAWS = /from '(?:fast-check|[./\w-]+\/(?:seeded-random|histories|requests|[\w-]+-under-test)\.ts)'/;
const RUNS_FACTOR = '10';
/** Ten times as many runs can exceed the usual time limit of a test. */
const NO_TIME_LIMIT = '--testTimeout=0';

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const isInsideWorkerd = (file: string): boolean => file.endsWith('.workers.test.ts');
const drawing = globSync('test/**/*.test.ts', { cwd: ROOT }).filter((file) =>
  DRAWS.test(readFileSync(ROOT + file, 'utf8')),
);
const chosen = positionals.length > 0 ? positionals : drawing.toSorted();
const files = chosen.filter((file) => !isInsideWorkerd(file));
const skipped = chosen.filter((file) => isInsideWorkerd(file));
if (skipped.length > 0) {
  console.log(`Skipped, because the seed does not reach files inside workerd: ${skipped.join(' ')}`);
}

const report = z.object({ testResults: z.array(z.object({ name: z.string(), status: z.string() })) });

/** Runs the tests. Returns the files that failed; undefined if the test runner itself failed. */
function failedFiles(env: Readonly<Record<string, string>>): string[] | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'flowtap-explore-'));
  const path = join(directory, 'report.json');
  try {
    const { status } = spawnSync(
      'vitest',
      [
        'run',
        '--project=node',
        '--project=long',
        NO_TIME_LIMIT,
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${path}`,
        ...files,
      ],
      { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } },
    );
    if (status === 0) return [];
    const { testResults } = report.parse(JSON.parse(readFileSync(path, 'utf8')));
    const failed = testResults.filter((file) => file.status === 'failed');
    return failed.length === 0 ? undefined : failed.map(({ name }) => relative(ROOT, name));
  } catch (error) {
    console.error(error);
    return undefined;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

for (let round = 1; files.length > 0 && round <= Number(values.rounds); round++) {
  const env = { FLOWTAP_TEST_SEED: String(randomInt(2 ** 31)), FLOWTAP_TEST_RUNS_FACTOR: RUNS_FACTOR };
  console.log(`Round ${round} of ${values.rounds}, seed ${env.FLOWTAP_TEST_SEED}`);
  const failed = failedFiles(env);
  if (failed?.length === 0) continue;
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const what = [...settings, 'npm run test:all --', NO_TIME_LIMIT, ...(failed ?? files)].join(' ');
  console.error(`\nTo repeat the failure: ${what}`);
  process.exitCode = 1;
  break;
}
