/**
 * Polls for listeners: when the next poll is due (pacer.ts), one poll at a time, and the loop in which polls,
 * streams and other work do what is due (run-loop.ts). The subclass decides what a poll reads and which
 * interval it asks the call budget for: execution-poller.ts for executions, lists/live/list-poller.ts for
 * lists.
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
  /** Asks the shell to call `run` at that time, in clock milliseconds, or earlier. */
  readonly wake: (atMs: number) => void;
}

/** What a subclass adds. */
export interface Polled extends PollerOptions {
  /** The events of log lines, and how they name what is polled. */
  readonly logLines: { readonly pollFailed: string; readonly runFailed: string };
  readonly names: Readonly<Record<string, string>>;
  readonly intervalMinMs?: number;
  /** Work besides polls and streams. */
  readonly tasks: readonly Task[];
  /** Runs before anything else. */
  readonly load: () => Promise<void>;
  /** Resolves when that work is not in progress. */
  readonly idle: () => Promise<unknown>;
}

/** A poll's calls, counted by who is charged for them. */
export interface PollTerms {
  /** Counts the calls that `paced` has reserved in the budget by the interval. */
  readonly due: ReadTrace;
  /**
   * Counts all other calls, such as a walk through pages that nobody has read. They are charged as reads to a
   * tenant that listens.
   */
  readonly further: ReadTrace;
  /** Aborted when the last listener leaves. */
  readonly signal: AbortSignal;
}

/** What a call, of a poll or of a reader, has found. */
export type Outcome = 'news' | 'nothing-new' | Failure;

export abstract class Poller {
  readonly #options: Polled;
  readonly #pacer: Pacer;
  readonly #loop: RunLoop;
  #upstream: UpstreamState = 'ok';
  #pollAtMs = 0;
  /** The next poll comes an interval after the last one. Not so the first one for new listeners. */
  #isPaced = false;
  #polls = 0;
  #polling: Promise<void> | undefined;
  /** Aborted when the last listener leaves during a poll. */
  #unwanted = new AbortController();
  /** Requests that the polls of this `run` have sent. */
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

  /** Whether the listeners need polls. */
  protected abstract get isWanted(): boolean;

  /** The interval that the call budget leaves of the wanted one, both in milliseconds. */
  protected abstract paced(wantedMs: number): number;

  /** Reads what is polled, and passes what it found to `noteOutcome`. Returns the failure, for the log. */
  protected abstract poll(terms: PollTerms): Promise<Failure | undefined>;

  get state(): PollState {
    return { pollIntervalMs: this.#pacer.intervalMs, upstream: this.#upstream };
  }

  get isPolling(): boolean {
    return this.#pollDueAtMs() !== Infinity;
  }

  /** Nothing is running or due: the shell may drop what is polled. */
  get isIdle(): boolean {
    return !this.#loop.isRunning && this.#loop.dueAtMs() === Infinity;
  }

  /** The first listener arrives: something may change any moment. */
  wake(): void {
    this.#pacer.wake();
    this.#isPaced = false;
  }

  /** Something changed: a running loop looks again, otherwise the shell is asked for a `run`. */
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
   * Does what is due, and keeps doing so while there are listeners, within the bounds. Returns when to call
   * it again, in clock milliseconds; undefined: not before the next `wake`. Never throws.
   */
  run({ forMs, callsMax }: RunBounds): Promise<number | undefined> {
    if (this.#loop.isRunning) return Promise.resolve(undefined);
    this.#calls = 0;
    return this.#loop.run({ forMs, isSpent: () => this.#calls >= callsMax });
  }

  /** The next poll is an interval after this time, in clock milliseconds. */
  protected pollAfter(atMs: number): void {
    if (this.#options.listeners.count > 0) this.#pace();
    this.#pollAtMs = atMs + this.#pacer.jittered(this.#options.random());
    this.#isPaced = true;
  }

  /**
   * Sets the interval according to the result of a call that was made at this time, in clock milliseconds.
   */
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
   * A poll that is not paced is a read for a new listener: tenants that come and leave all the time must not
   * precede readers.
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
    // Set before the call for two reasons. Executions that are opened at once then count each other when they
    // set their intervals. And the loop cannot spin, whatever the call returns.
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
    // The next poll continues there.
    if (failure.type === 'upstream-unfinished') return;
    log({
      event: logLines.pollFailed,
      // A caller has a wrong id, or asks before the execution exists. This is no fault of the upstream.
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
