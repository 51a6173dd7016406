/** The count that .ci/run prints: a test that did not run must never look like a passed test. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const COUNT = join(import.meta.dirname, '../../.ci/count.mjs');

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flowtap-count-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface File {
  readonly name: string;
  readonly status: string;
  readonly tests: readonly string[];
}

/** Runs count.mjs on a report with these files. Returns its exit code and the lines that it prints. */
async function counted(
  files: readonly File[],
  ...options: string[]
): Promise<readonly [exitCode: number, ...lines: string[]]> {
  const report = join(directory, 'report.json');
  const tests = files.flatMap((file) => file.tests);
  const json = {
    numPassedTests: tests.filter((status) => status === 'passed').length,
    numFailedTests: tests.filter((status) => status === 'failed').length,
    testResults: files.map(({ name, status, tests: statuses }) => ({
      name: `/somewhere/${name}`,
      status,
      message: 'a message',
      assertionResults: statuses.map((one) => ({ status: one, fullName: `a ${one} test` })),
    })),
  };
  await writeFile(report, JSON.stringify(json));
  const { code, stdout } = await run(process.execPath, [COUNT, report, ...options]).then(
    (answer) => ({ code: 0, stdout: answer.stdout }),
    // Safety: execFile rejects with the exit code and the output.
    (error: unknown) => error as { code: number; stdout: string },
  );
  return [code, ...stdout.trim().split('\n')];
}

const PASSED: File = { name: 'test/one.test.ts', status: 'passed', tests: ['passed', 'passed'] };

test('a run whose tests all pass succeeds and prints their number', async () => {
  expect(await counted([PASSED])).toEqual([0, '2 passed, 0 failed']);
});

test('a test that was skipped because its client is missing counts as failed and is listed', async () => {
  const skipped = { name: 'test/viewer/element.test.ts', status: 'passed', tests: ['passed', 'skipped'] };
  expect(await counted([PASSED, skipped])).toEqual([
    1,
    'skipped (counts as failed: install the client that it needs): test/viewer/element.test.ts: a skipped test',
    '3 passed, 1 failed',
  ]);
});

test('with --clients-may-be-missing, a skipped test is listed but does not count as failed', async () => {
  const skipped = { name: 'test/viewer/element.test.ts', status: 'passed', tests: ['skipped'] };
  expect(await counted([PASSED, skipped], '--clients-may-be-missing')).toEqual([
    0,
    'skipped (clients may be missing): test/viewer/element.test.ts: a skipped test',
    '2 passed, 0 failed',
  ]);
});

test('a skipped test in a file of MAY_BE_SKIPPED is listed with the reason, but does not count as failed', async () => {
  const skipped = { name: 'test/deno/full-disk.test.ts', status: 'passed', tests: ['skipped'] };
  expect(await counted([PASSED, skipped])).toEqual([
    0,
    'skipped (needs a mount namespace): test/deno/full-disk.test.ts: a skipped test',
    '2 passed, 0 failed',
  ]);
});

test('a file that fails to load counts as one failure', async () => {
  const unloaded = { name: 'test/two.test.ts', status: 'failed', tests: ['skipped', 'skipped'] };
  expect((await counted([PASSED, unloaded])).at(0)).toBe(1);
  expect((await counted([PASSED, unloaded])).at(-1)).toBe('2 passed, 1 failed');
});

test('a run without tests fails', async () => {
  expect(await counted([])).toEqual([1, '0 passed, 0 failed']);
});
