/**
 * Runs tasks when they are due, while there are listeners. Sleeps until the next task is due, and wakes early
 * when something changes. Ends when a bound of the platform is reached or the last listener has left.
 */
import type { Clock } from '../../core/clock.ts';

/** An exception in the loop is a bug. It is logged, and the loop restarts after this long. */
const AFTER_A_BUG_MS = 1_000;
/**
 * The next invocation is scheduled this long before a task is due, because the platform might start it late.
 * If a task is due within this time at the end of an invocation, the invocation waits and runs the task
 * itself.
 */
export const START_MS_MAX = 250;
/** How far an invocation may exceed its time if tasks are due without a pause. */
const OVERTIME_MS_MAX = 1_000;

/** Work that is due at certain times. */
export interface Task {
  /** When the next work is due, in clock milliseconds. Infinity if none is. */
  dueAtMs(): number;
  /** Does the work that is due. */
  tick(): void;
}

export interface RunLoopOptions {
  readonly clock: Clock;
  /** Awaited at the start of each `run`. */
  readonly load: () => Promise<void>;
  /** True if there are listeners. If false, the loop returns instead of sleeping. */
  readonly isNeeded: () => boolean;
  readonly tasks: readonly Task[];
  /** The task that sends heartbeats and closes streams. It must not wait for work in progress. */
  readonly streams: Task;
  /** Resolves when no work is in progress. */
  readonly idle: () => Promise<unknown>;
  readonly onBug: (error: unknown) => void;
}

export interface LoopBounds {
  readonly forMs: number;
  /** True if this invocation has used up its requests. */
  readonly isSpent: () => boolean;
}

export class RunLoop {
  readonly #options: RunLoopOptions;
  /** Set while the loop runs. Aborting it ends the sleep. */
  #sleep: AbortController | undefined;
  /** -Infinity while the loop runs tasks, because it checks all due times again before it sleeps. */
  #sleepsUntilMs = -Infinity;

  constructor(options: RunLoopOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#sleep !== undefined;
  }

  /** When the first task is due, in clock milliseconds. */
  dueAtMs(): number {
    return Math.min(...this.#options.tasks.map((task) => task.dueAtMs()));
  }

  /**
   * Call this when a due time may have changed. Wakes the loop if a task is due before the sleep ends, or if
   * the loop is no longer needed.
   */
  interrupt(): void {
    if (this.#options.isNeeded() && this.dueAtMs() >= this.#sleepsUntilMs) return;
    this.#sleep?.abort();
  }

  /**
   * Returns when to call `run` again, in clock milliseconds, or undefined if nothing is planned. Never
   * throws.
   */
  async run(bounds: LoopBounds): Promise<number | undefined> {
    if (this.isRunning) return undefined;
    const { clock, load, onBug } = this.#options;
    this.#sleep = new AbortController();
    let againAtMs = 0;
    try {
      await load();
      await this.#until(clock.now() + bounds.forMs, bounds);
      await this.#finish();
    } catch (error) {
      // After a bug, go on serving listeners, but pause before the restart.
      onBug(error);
      againAtMs = clock.now() + AFTER_A_BUG_MS;
    }
    this.#sleep = undefined;
    const due = this.dueAtMs();
    if (due === Infinity) return undefined;
    return Math.max(this.#options.isNeeded() ? due - START_MS_MAX : due, againAtMs);
  }

  async #until(untilMs: number, { isSpent }: LoopBounds): Promise<void> {
    const { clock, isNeeded, tasks } = this.#options;
    for (;;) {
      const now = clock.now();
      const due = this.dueAtMs();
      if (isSpent() || now >= untilMs + OVERTIME_MS_MAX) return;
      if (due > now && !isNeeded()) return;
      if (now >= untilMs && due >= now + START_MS_MAX) return;
      if (due > now) await this.#sleepUntil(now < untilMs ? Math.min(due, untilMs) : due);
      else for (const task of tasks) task.tick();
    }
  }

  /**
   * Waits for work in progress, because it belongs to this invocation. A hanging call takes up to 20 s, and a
   * walk can take longer. Meanwhile streams still get heartbeats and are closed in time.
   */
  async #finish(): Promise<void> {
    const { clock, idle, streams } = this.#options;
    let isWorking = true;
    const over = () => {
      isWorking = false;
      this.#sleep?.abort();
    };
    void idle().then(over, over);
    while (isWorking) {
      const due = streams.dueAtMs();
      if (due <= clock.now()) streams.tick();
      else await this.#sleepUntil(due);
    }
  }

  async #sleepUntil(atMs: number): Promise<void> {
    const { clock } = this.#options;
    this.#sleep = new AbortController();
    this.#sleepsUntilMs = atMs;
    await clock.sleep(atMs - clock.now(), this.#sleep.signal);
    this.#sleepsUntilMs = -Infinity;
  }
}
