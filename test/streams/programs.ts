/** Programs that a test starts, each in a process group of its own; `end` kills the groups that still run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import { PROJECT_ROOT } from '../../src/local/bundle.ts';

export interface Program {
  /** Everything that was printed so far. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  /** Resolves with the exit code, null after a signal. */
  readonly exited: Promise<number | null>;
  /** With its group: a shell's children, too. */
  kill(): void;
}

interface Setting {
  /** What to change in this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called with all of it so far. */
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
      // Safety: 'close' comes with the exit code.
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
      // The whole group has ended, and its output is still to be read.
    }
  }
}
