/**
 * The loop that does what is due while there are listeners: sleeps until then, wakes early when something
 * changed, and ends when a bound of the platform is reached or the last listener has left.
 */
import type { Clock } from '../../core/clock.ts';

/** An exception in the loop is a bug: it is logged, and the loop restarts after this long. */
const AFTER_A_BUG_MS = 1_000;
/**
 * The next invocation starts this long before something is due for listeners, because it may start late. If
 * an invocation has less time left than this, it waits and does that work itself.
 */
export const START_MS_MAX = 250;
/** An invocation in which something is always due ends at most this long after its time. */
const OVERTIME_MS_MAX = 1_000;

/** Something that has work to do at certain times. */
export interface Task {
  /** In clock milliseconds; Infinity: nothing is due. */
  dueAtMs(): number;
  /** Does what is due. */
  tick(): void;
}

export interface RunLoopOptions {
  readonly clock: Clock;
  /** Runs before anything else. */
  readonly load: () => Promise<void>;
  /** There are listeners: the loop may sleep in this invocation. */
  readonly isNeeded: () => boolean;
  readonly tasks: readonly Task[];
  /** The task that must not wait for work in progress: heartbeats and ends of streams. */
  readonly streams: Task;
  /** Resolves when no work is in progress. */
  readonly idle: () => Promise<unknown>;
  readonly onBug: (error: unknown) => void;
}

export interface LoopBounds {
  readonly forMs: number;
  /** True: this invocation has used up its requests. */
  readonly isSpent: () => boolean;
}

export class RunLoop {
  readonly #options: RunLoopOptions;
  /** Set while it runs; aborting it ends the sleep. */
  #sleep: AbortController | undefined;
  /** -Infinity while it works: it looks at everything again before it sleeps. */
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
   * Something changed: wakes up if something is due earlier than it sleeps, or if nobody needs it any more.
   */
  interrupt(): void {
    if (this.#options.isNeeded() && this.dueAtMs() >= this.#sleepsUntilMs) return;
    this.#sleep?.abort();
  }

  /**
   * Returns when to call it again, in clock milliseconds; undefined: when something is due again. Never
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
      // A bug must not leave listeners unserved, nor restart without a pause.
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
   * Waits for work in progress, which belongs to this invocation: a hanging call for its 20 s, a walk for as
   * long as it takes. Streams keep their heartbeats and ends meanwhile.
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
