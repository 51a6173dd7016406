/**
 * Polls for listeners, one poll at a time. pacer.ts sets the interval. run-loop.ts runs polls, the work of
 * streams, and other tasks when they are due. A subclass decides what a poll reads and which interval it asks
 * the call budget for: execution-poller.ts for executions, lists/live/list-poller.ts for lists.
 */
import type { Clock } from '../../core/clock.ts';
import { exceptionText } from '../../core/exception-text.ts';
import { type Failure, internalText } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { CallOrigin } from '../../sources/source.ts';
import { type ReadTrace, newTrace, readerOrigin } from '../upstream/read-terms.ts';
import type { UpstreamState } from '../../messages/upstream-state.ts';
import type { RunBounds } from '../../objects/run-bounds.ts';
import type { Listeners, PollState } from './listeners.ts';
import { Pacer } from './pacer.ts';
import { RunLoop, type Task } from './run-loop.ts';

const POLL = { class: 'poll' } as const;

export interface PollerOptions {
  readonly listeners: Listeners;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Asks the runtime's shell (runtimes/) to call `run` at this time, in clock milliseconds, or earlier. */
  readonly wake: (atMs: number) => void;
}

/** The options that a subclass adds. */
export interface Polled extends PollerOptions {
  /** The `event` of the log lines for a failed poll and a failed `run`. */
  readonly logLines: { readonly pollFailed: string; readonly runFailed: string };
  readonly names: Readonly<Record<string, string>>;
  readonly intervalMinMs?: number;
  /** Tasks besides polls and streams. */
  readonly tasks: readonly Task[];
  /** Awaited at the start of each `run`. */
  readonly load: () => Promise<void>;
  /** Resolves when none of the tasks is in progress. */
  readonly idle: () => Promise<unknown>;
}

/** How to charge a poll's calls, and when to cancel them. */
export interface PollTerms {
  /** Counts the calls that the budget allowed for when it set the interval (`paced`). */
  readonly due: ReadTrace;
  /**
   * Counts all other calls, such as a walk through pages not read before. They are charged as reads to a
   * listening tenant.
   */
  readonly further: ReadTrace;
  /** Aborted when the last listener leaves. */
  readonly signal: AbortSignal;
}

/** The outcome of a call that a poll or a reader has made. */
export type Outcome = 'news' | 'nothing-new' | Failure;

export abstract class Poller {
  readonly #options: Polled;
  readonly #pacer: Pacer;
  readonly #loop: RunLoop;
  #upstream: UpstreamState = 'ok';
  #pollAtMs = 0;
  /**
   * True if the next poll follows the last one after the interval. False for the first poll for new
   * listeners.
   */
  #isPaced = false;
  #polls = 0;
  #polling: Promise<void> | undefined;
  /** Aborted when the last listener leaves during a poll. */
  #unwanted = new AbortController();
  /** How many requests the polls of this `run` have sent. */
  #calls = 0;

  constructor(options: Polled) {
    this.#options = options;
    this.#pacer = new Pacer(options.intervalMinMs);
    const { listeners, clock, tasks, load, idle } = options;
    const polls = {
      dueAtMs: () => this.#pollDueAtMs(),
      tick: () => {
        if (this.#pollDueAtMs() <= clock.now()) this.#poll();
      },
    };
    const streams = { dueAtMs: () => listeners.dueAtMs(), tick: () => listeners.tick(this.state) };
    this.#loop = new RunLoop({
      clock,
      load,
      isNeeded: () => listeners.count > 0,
      tasks: [polls, streams, ...tasks],
      streams,
      idle: () => Promise.all([this.#polling, idle()]),
      onBug: (error) => this.#bug(options.logLines.runFailed, error),
    });
  }

  /** True if the listeners need polls. */
  protected abstract get isWanted(): boolean;

  /**
   * Returns the interval that the call budget allows to a poller that wants `wantedMs`. Both in milliseconds.
   */
  protected abstract paced(wantedMs: number): number;

  /**
   * Reads the upstream, and passes the outcome to `noteOutcome`. If the read failed, returns the failure, for
   * the log.
   */
  protected abstract poll(terms: PollTerms): Promise<Failure | undefined>;

  get state(): PollState {
    return { pollIntervalMs: this.#pacer.intervalMs, upstream: this.#upstream };
  }

  get isPolling(): boolean {
    return this.#pollDueAtMs() !== Infinity;
  }

  /** True if nothing is running or planned. The shell can then drop this object. */
  get isIdle(): boolean {
    return !this.#loop.isRunning && this.#loop.dueAtMs() === Infinity;
  }

  /**
   * Resets the interval to its minimum, and marks the next poll as the first one for new listeners. Called
   * when the first listener arrives.
   */
  wake(): void {
    this.#pacer.wake();
    this.#isPaced = false;
  }

  /**
   * Call this when a due time may have changed. A running loop checks its due times again. If the loop is not
   * running, the shell is asked to call `run`.
   */
  arrange(): void {
    if (this.#options.listeners.count === 0) this.#unwanted.abort();
    if (this.#loop.isRunning) {
      this.#loop.interrupt();
      return;
    }
    const due = this.#loop.dueAtMs();
    if (due !== Infinity) this.#options.wake(due);
  }

  /**
   * Runs polls and tasks when they are due, while there are listeners and within the bounds. Returns when to
   * call it again, in clock milliseconds, or undefined if nothing is planned or another `run` is in progress.
   * Never throws.
   */
  run({ forMs, callsMax }: RunBounds): Promise<number | undefined> {
    if (this.#loop.isRunning) return Promise.resolve(undefined);
    this.#calls = 0;
    return this.#loop.run({ forMs, isSpent: () => this.#calls >= callsMax });
  }

  /** Schedules the next poll an interval after this time, in clock milliseconds. */
  protected pollAfter(atMs: number): void {
    if (this.#options.listeners.count > 0) this.#pace();
    this.#pollAtMs = atMs + this.#pacer.jittered(this.#options.random());
    this.#isPaced = true;
  }

  /** Adapts the interval to the outcome of a call that was made at this time, in clock milliseconds. */
  protected noteOutcome(outcome: Outcome, atMs: number): void {
    if (outcome === 'news' || outcome === 'nothing-new') {
      this.#upstream = 'ok';
      if (outcome === 'news') this.#pacer.messagesArrived();
      else this.#pacer.nothingNew();
    } else if (outcome.type === 'upstream-throttled') {
      this.#upstream = 'throttled';
      this.#pacer.throttled();
    } else {
      this.#upstream = 'unavailable';
      this.#pacer.failed();
    }
    this.pollAfter(atMs);
  }

  #pace(): void {
    this.#pacer.paced(this.paced(this.#pacer.ownIntervalMs));
  }

  #pollDueAtMs(): number {
    return this.#options.listeners.count === 0 || this.#polling || !this.isWanted ? Infinity : this.#pollAtMs;
  }

  /**
   * The first poll for new listeners is charged as a read. Otherwise, tenants that keep connecting and
   * disconnecting would get ahead of readers.
   */
  #newTerms(): PollTerms {
    const { tenants } = this.#options.listeners;
    const tenant = tenants[this.#polls++ % tenants.length];
    const polls: CallOrigin = tenant === undefined ? POLL : { ...POLL, tenant };
    const reads: CallOrigin = tenant === undefined ? POLL : readerOrigin({ tenant });
    this.#unwanted = new AbortController();
    return {
      due: newTrace(this.#isPaced ? polls : reads),
      further: newTrace(reads),
      signal: this.#unwanted.signal,
    };
  }

  #poll(): void {
    const terms = this.#newTerms();
    // The next poll is scheduled before the call for two reasons. Executions that are opened at the same time
    // then count each other when they compute their intervals. And the loop cannot spin, whatever the call
    // returns.
    this.pollAfter(this.#options.clock.now());
    this.#polling = this.poll(terms)
      .then((failure) => {
        if (failure) this.#logFailure(failure);
      })
      .catch((error: unknown) => {
        this.#pacer.failed();
        this.#bug(this.#options.logLines.pollFailed, error);
      })
      .finally(() => {
        this.#polling = undefined;
        this.#calls += terms.due.calls + terms.further.calls;
        this.arrange();
      });
  }

  #logFailure(failure: Failure): void {
    const { log, names, logLines } = this.#options;
    // The walk reached its limit. The next poll continues it.
    if (failure.type === 'upstream-unfinished') return;
    log({
      event: logLines.pollFailed,
      // The id is wrong, or the execution does not exist yet. Neither is a fault of the upstream.
      level: failure.type === 'upstream-not-found' ? 'info' : 'warn',
      ...names,
      failure: failure.type,
      reason: internalText(failure),
    });
  }

  #bug(event: string, error: unknown): void {
    const { log, names } = this.#options;
    log({ event, level: 'error', ...names, reason: exceptionText(error) });
  }
}
