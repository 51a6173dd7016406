/**
 * Ends a program of several parts exactly once: on Ctrl-C, on SIGTERM, when the terminal is closed, or when
 * the npm or `deno task` that started the program is killed. Parts are closed in the reverse order of their
 * start. A second Ctrl-C exits immediately.
 */

/**
 * Signals within this time count as one Ctrl-C. One Ctrl-C arrives twice, because the terminal sends it and
 * npm forwards it.
 */
const SAME_PRESS_MS = 300;

/** A killed npm sends its script no signal, so the script checks at this interval whether npm still runs. */
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
    this.#watchTaskRunner();
  }

  /** Registers how to close a part that was started. */
  onEnd(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  /** Closes all parts and exits. Only the first call counts. */
  end(status: number): Promise<never> {
    return (this.#stopping ??= this.#end(status));
  }

  async #end(status: number): Promise<never> {
    for (const close of this.#closers.toReversed()) {
      // A part that fails to close must not keep the others running.
      await close().catch((error: unknown) => console.error(`Cannot stop cleanly: ${String(error)}`));
    }
    process.exit(status);
  }

  /**
   * Ends the program when its parent process changes. The scripts in package.json begin with `exec`, and
   * those in deno.json with `env`. So the parent is npm or `deno task` itself, and not a shell, which would
   * outlive the task runner. On Deno, reading the parent's id needs no permission. Without a task runner,
   * nothing is checked, because the parent can exit at any time (nohup, a terminal multiplexer).
   */
  #watchTaskRunner(): void {
    if (process.env['npm_lifecycle_event'] === undefined) return;
    const taskRunner = process.ppid;
    setInterval(() => {
      if (process.ppid !== taskRunner) void this.end(0);
    }, PARENT_CHECK_MS).unref();
  }
}
