/**
 * The store on a disk that is really full: a small tmpfs in a mount namespace. Skipped where the system refuses to
 * mount one.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { canMount, onTmpfs } from './tmpfs.ts';

const run = promisify(execFile);

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flowtap-full-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test.skipIf(!canMount())(
  'on a full disk, a key can be revoked, and archives can be deleted to free space',
  async () => {
    const program = ['deno', 'run', '-A', 'test/deno/full-disk.deno.ts', join(directory, 'store.db')];
    const [unshare = '', ...words] = [...onTmpfs(directory), ...program];
    const { stdout } = await run(unshare, words, { cwd: PROJECT_ROOT });
    const result: { filled: number; deleted: number; refilled: number } = JSON.parse(stdout);
    expect(result).toMatchObject({ revoked: 'done', deleted: result.filled });
    expect(result.filled).toBeGreaterThan(10);
    // SQLite cannot always reuse all freed space immediately: that depends on when it last checkpointed its log.
    expect(result.refilled).toBeGreaterThan(0);
  },
);
