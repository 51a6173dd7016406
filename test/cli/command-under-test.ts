/** Runs the `flowtap` command as a process, against the real Worker and the emulator. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import type { World } from '../support/on-workerd.ts';
import { ADMIN_TOKEN } from '../support/secret-patterns.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Bundles the command as in the package, because one file starts much faster than the sources. Returns the folder. */
async function bundled(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'flowtap-cli-'));
  await build({
    entryPoints: [MAIN],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outfile: join(directory, 'cli.mjs'),
  });
  return directory;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Started {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when stdout contains this text. */
  shows(what: string): Promise<void>;
}

export class CommandUnderTest {
  readonly #directory: string;
  readonly #env: Environment;
  readonly #running = new Set<ChildProcess>();

  constructor(directory: string, env: Environment) {
    this.#directory = directory;
    this.#env = env;
  }

  start(
    words: readonly string[],
    { env = {}, stdin = '' }: { env?: Environment; stdin?: string } = {},
  ): Started {
    // The developer's own variables, such as FLOWTAP_URL, are not passed on.
    const child = spawn(process.execPath, [join(this.#directory, 'cli.mjs'), ...words], {
      env: { PATH: process.env['PATH'], TZ: 'UTC', ...this.#env, ...env },
      stdio: 'pipe',
    });
    this.#running.add(child);
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk) => (stdout += String(chunk)));
    child.stderr.setEncoding('utf8').on('data', (chunk) => (stderr += String(chunk)));
    const ended = once(child, 'close').then(() => {
      this.#running.delete(child);
      return { code: child.exitCode, stdout, stderr };
    });
    const shows = (what: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (stdout.includes(what)) resolve();
        };
        child.stdout.on('data', look);
        look();
        void ended.then(() => reject(new Error(`the command ended without showing ${what}: ${stdout}`)));
      });
    return { process: child, ended, shows };
  }

  run(words: readonly string[], options?: { env?: Environment; stdin?: string }): Promise<Ended> {
    return this.start(words, options).ended;
  }

  async stop(): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL');
    await rm(this.#directory, { recursive: true });
  }
}

export const commandFor = async (world: World, apiKey?: string): Promise<CommandUnderTest> =>
  new CommandUnderTest(await bundled(), {
    FLOWTAP_URL: world.url.href,
    FLOWTAP_API_KEY: apiKey,
    FLOWTAP_ADMIN_TOKEN: ADMIN_TOKEN,
  });

/** A command whose environment names no service. */
export const commandAlone = async (): Promise<CommandUnderTest> => new CommandUnderTest(await bundled(), {});

export const linesOf = (output: string): string[] => output.split('\n').filter((line) => line !== '');
