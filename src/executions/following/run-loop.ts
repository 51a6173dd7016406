/**
 * The loop that does what is due while somebody listens: sleeps until then, wakes early when something changed, and ends when
 * a platform's bound is reached or nobody is left. What is due, and what is done, is the Execution's.
 */
import type { Clock } from '../../core/clock.ts';

/** An exception in the loop is a bug: it is logged, and the loop begins again after this long. */
const AFTER_A_BUG_MS = 1_000;

export interface RunLoopOptions {
  readonly clock: Clock;
  /** Before anything else. */
  readonly load: () => Promise<void>;
  /** Somebody listens: the loop is worth sleeping in. */
  readonly isNeeded: () => boolean;
  /** When `work` has something to do, in clock milliseconds; Infinity: never. */
  readonly dueAtMs: () => number;
  readonly work: () => void;
  /** The part of it that must not wait for what is under way: streams' heartbeats and ends. */
  readonly streamsDueAtMs: () => number;
  readonly serveStreams: () => void;
  /** Resolves when nothing is under way. */
  readonly rest: () => Promise<unknown>;
  readonly onBug: (error: unknown) => void;
}

export interface RunBounds {
  readonly forMs: number;
  /** True: this invocation has used up what it may. */
  readonly isSpent: () => boolean;
}

export class RunLoop {
  readonly #options: RunLoopOptions;
  /** While it runs; aborting ends its sleep. */
  #sleep: AbortController | undefined;

  constructor(options: RunLoopOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#sleep !== undefined;
  }

  /** Something changed: it looks again at once. */
  interrupt(): void {
    this.#sleep?.abort();
  }

  /** Returns when it wants to be called again, in clock milliseconds; undefined: not until it is asked to. Never throws. */
  async run(bounds: RunBounds): Promise<number | undefined> {
    if (this.isRunning) return undefined;
    const { clock, load, dueAtMs, onBug } = this.#options;
    this.#sleep = new AbortController();
    let againAtMs = 0;
    try {
      await load();
      await this.#until(clock.now() + bounds.forMs, bounds);
      await this.#out();
    } catch (error) {
      // A bug, and no reason to leave everybody unserved; nor to try again as fast as we can.
      onBug(error);
      againAtMs = clock.now() + AFTER_A_BUG_MS;
    }
    this.#sleep = undefined;
    const due = dueAtMs();
    return due === Infinity ? undefined : Math.max(due, againAtMs);
  }

  async #until(untilMs: number, { isSpent }: RunBounds): Promise<void> {
    const { clock, dueAtMs, isNeeded, work } = this.#options;
    for (;;) {
      const now = clock.now();
      const due = dueAtMs();
      if (now >= untilMs || isSpent() || (due > now && !isNeeded())) return;
      if (due > now) await this.#sleepUntil(Math.min(due, untilMs));
      else work();
    }
  }

  /**
   * What is under way belongs to this invocation and is waited for: a hanging call for its 20 s, a walk for as long as it
   * takes. Streams have their heartbeats, and expire, meanwhile.
   */
  async #out(): Promise<void> {
    const { clock, rest, streamsDueAtMs, serveStreams } = this.#options;
    let underWay = true;
    const over = () => {
      underWay = false;
      this.interrupt();
    };
    void rest().then(over, over);
    while (underWay) {
      const due = streamsDueAtMs();
      if (due <= clock.now()) serveStreams();
      else await this.#sleepUntil(due);
    }
  }

  async #sleepUntil(atMs: number): Promise<void> {
    const { clock } = this.#options;
    this.#sleep = new AbortController();
    await clock.sleep(atMs - clock.now(), this.#sleep.signal);
  }
}
