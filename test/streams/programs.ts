/** Programs that a test starts, each in its own process group. `end` kills the groups that still run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import { PROJECT_ROOT } from '../../src/local/bundle.ts';

export interface Program {
  /** All output so far. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  /** Resolves with the exit code, or with null if a signal ended the program. */
  readonly exited: Promise<number | null>;
  /** Kills the whole process group, which includes the children of a shell. */
  kill(): void;
}

interface Setting {
  /** Changes to the environment that the program inherits from this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called with all output so far, whenever more arrives. */
  readonly onStdout?: (text: string) => void;
  readonly onStderr?: (text: string) => void;
}

export class Programs {
  readonly #running = new Set<ChildProcess>();

  start(
    command: readonly string[],
    { env = {}, onStdout = () => {}, onStderr = () => {} }: Setting = {},
  ): Program {
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      cwd: PROJECT_ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#running.add(child);
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => onStdout((output.stdout += text)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => onStderr((output.stderr += text)));
    const exited = once(child, 'close').then(([code]) => {
      this.#running.delete(child);
      // Safety: the 'close' event has the exit code as its first argument.
      return code as number | null;
    });
    return { output, exited, kill: () => this.#kill(child) };
  }

  end(): void {
    for (const child of this.#running) this.#kill(child);
  }

  #kill(child: ChildProcess): void {
    if (child.pid === undefined || !this.#running.has(child)) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The whole group has already ended. Only its output has not been read yet.
    }
  }
}
