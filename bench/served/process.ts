/** Starts a server as a child process and waits until it has printed its address. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { dieWithParent } from '../../src/local/die-with-parent.ts';
import { wait } from '../measure/wait.ts';

export interface ServerProcess {
  readonly url: URL;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/**
 * Resolves when the program has written `"url":"…"` to its output. The output goes to a file, so that no other process
 * spends CPU time on reading the log.
 */
export async function startProcess(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const { PATH = '', HOME = '' } = process.env;
  const directory = await mkdtemp(join(tmpdir(), 'flowtap-bench-'));
  const output = join(directory, 'output');
  const opened = await open(output, 'a');
  const child = spawn(command, args, {
    cwd: PROJECT_ROOT,
    env: { PATH, HOME, NO_COLOR: '1', STORE_PATH: join(directory, 'flowtap.sqlite3'), ...env },
    stdio: ['ignore', opened.fd, opened.fd],
  });
  const exited = once(child, 'close');
  await opened.close();
  const { pid } = child;
  if (pid === undefined) throw new Error(`Cannot start ${command}`);
  const release = dieWithParent(pid);
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
    release();
    await rm(directory, { recursive: true, force: true });
  };
  for (;;) {
    const written = await readFile(output, 'utf8');
    const url = /"url":"([^"]+)"/.exec(written)?.[1];
    if (url !== undefined) return { url: new URL(url), pid, stop };
    if (child.exitCode !== null) {
      await stop();
      throw new Error(`${command} ended: ${written}`);
    }
    await wait(20);
  }
}
