/**
 * Ends a program of several parts exactly once, whoever asks: Ctrl-C, SIGTERM, a closed terminal, or npm dying without a
 * word. What was started last is closed first. A second Ctrl-C does not wait.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One Ctrl-C arrives twice: from the terminal, and passed on by npm. */
const SAME_PRESS_MS = 300;

/** npm that is killed tells its script nothing; this is how soon the script finds out. */
const PARENT_CHECK_MS = 500;

export class Shutdown {
  readonly #closers: (() => Promise<void>)[] = [];
  #stopping: Promise<never> | undefined;

  constructor() {
    let firstAtMs: number | undefined;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        firstAtMs ??= performance.now();
        if (performance.now() - firstAtMs > SAME_PRESS_MS) process.exit(1);
        void this.end(0);
      });
    }
    this.#watchNpm();
  }

  /** Whatever is started is registered here as soon as it must be ended. */
  onEnd(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  /** Closes all and exits. Only the first call counts. */
  end(status: number): Promise<never> {
    return (this.#stopping ??= this.#end(status));
  }

  async #end(status: number): Promise<never> {
    for (const close of this.#closers.toReversed()) {
      // One part that can't be closed must not keep the others running.
      await close().catch((error: unknown) => console.error(`Cannot stop cleanly: ${String(error)}`));
    }
    process.exit(status);
  }

  /**
   * npm passes SIGTERM on to the shell that it started, which does not pass it on to us; killed, it passes on nothing. So we
   * look whether both are still there. Without npm a parent that leaves means nothing (nohup, a terminal multiplexer).
   */
  #watchNpm(): void {
    if (process.env['npm_lifecycle_event'] === undefined) return;
    const shell = process.ppid;
    const npm = parentOf(shell);
    setInterval(() => {
      if (process.ppid !== shell || (npm !== undefined && !isAlive(npm))) void this.end(0);
    }, PARENT_CHECK_MS).unref();
  }
}

/** Linux's /proc, else `ps`, which a small container may not have; undefined without both. */
function parentOf(pid: number): number | undefined {
  let found: string | undefined;
  try {
    // `pid (name) state ppid …`; the name may contain anything, even a parenthesis.
    found = /^.*\) \S (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  } catch {
    found = spawnSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
  }
  const parent = Number(found);
  return Number.isInteger(parent) && parent > 1 ? parent : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
