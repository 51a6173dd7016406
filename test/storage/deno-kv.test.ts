/** Runs deno-kv.deno.ts on Deno, and reports each of its tests as a test of this file. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const run = promisify(execFile);

/** The results in TAP format, with the reasons of failures. */
const { stdout, stderr } = await run('deno', ['task', '--quiet', 'test', '--reporter=tap'], {
  env: { ...process.env, NO_COLOR: '1' },
  maxBuffer: 64 * 1024 * 1024,
}).catch((error: unknown) => error as { stdout: string; stderr: string });

const results = [...stdout.matchAll(/^(not )?ok \d+ - (.*)\n(?: {2}---\n([\s\S]*?)\n {2}\.\.\.)?/gm)].map(
  ([, failed, name = '', details = '']) => ({ name, failed: failed !== undefined, details }),
);

describe('on Deno', () => {
  test('all tests of deno-kv.deno.ts run', () => {
    expect(results.length, stderr).toBeGreaterThan(25);
    expect(stdout).toMatch(new RegExp(`^1\\.\\.${results.length}$`, 'm'));
  });

  test.each(results)('$name', ({ failed, details }) => {
    expect(failed, details).toBe(false);
  });
});
