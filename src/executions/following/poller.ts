/**
 * Polls the newest page while an execution has listeners: how often (pacer.ts), what follows from each reading, and the loop
 * in which polls, streams and archiving do what is due (run-loop.ts).
 */
import type { Clock } from '../../core/clock.ts';
import { exceptionText } from '../../core/exception-text.ts';
import { internalText } from '../../core/errors.ts';
import { type ExecutionRef, logNames } from '../../core/execution-ref.ts';
import type { Log } from '../../core/log.ts';
import type { Source } from '../../sources/source.ts';
import type { HistoryView } from '../history-view.ts';
import { type HeadReading } from '../upstream/upstream-history.ts';
import { newTrace, newWalk } from '../upstream/read-terms.ts';
import type { UpstreamState } from './event-frames.ts';
import type { Listeners, PollState } from './listeners.ts';
import { Pacer } from './pacer.ts';
import { RunLoop } from './run-loop.ts';

const POLL = { class: 'poll' } as const;

export interface PollerOptions {
  readonly ref: ExecutionRef;
  readonly source: Source;
  readonly history: HistoryView;
  readonly listeners: Listeners;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Asks the shell to call `run` at that time, in clock milliseconds, or earlier. */
  readonly wake: (atMs: number) => void;
}

/** Bounds of one `run`: platforms bound an invocation's time and its outgoing requests. */
export interface RunBounds {
  readonly forMs: number;
  /** Requests that polls may send upstream. */
  readonly callsMax: number;
}

export class Poller {
  readonly #options: PollerOptions;
  readonly #pacer = new Pacer();
  readonly #loop: RunLoop;
  #upstream: UpstreamState = 'ok';
  #pollAtMs = 0;
  #polling: Promise<void> | undefined;
  /** Aborted when the last listener leaves during a poll. */
  #unwanted = new AbortController();
  /** What the polls of this `run` have cost. */
  #trace = newTrace(POLL);

  constructor(options: PollerOptions) {
    this.#options = options;
    const { ref, history, listeners, clock, log } = options;
    const polls = {
      dueAtMs: () => this.#pollDueAtMs(),
      tick: () => {
        if (this.#pollDueAtMs() <= clock.now()) this.#poll();
      },
    };
    const streams = { dueAtMs: () => listeners.dueAtMs(), tick: () => listeners.tick(this.state) };
    this.#loop = new RunLoop({
      clock,
      load: () => history.load(),
      isNeeded: () => listeners.count > 0,
      tasks: [polls, streams, history.archivist, history.endLook],
      streams,
      idle: () => Promise.all([this.#polling, history.archivist.idle, history.endLook.idle]),
      onBug: (error) =>
        log({ event: 'run-failed', level: 'error', ...logNames(ref), reason: exceptionText(error) }),
    });
  }

  get state(): PollState {
    return { pollIntervalMs: this.#pacer.intervalMs, upstream: this.#upstream };
  }

  /** Between two polls while there are listeners; undefined: it does not poll for anybody. */
  get intervalMs(): number | undefined {
    return this.#options.listeners.count > 0 ? this.#pacer.intervalMs : undefined;
  }

  get isPolling(): boolean {
    return this.#pollDueAtMs() !== Infinity;
  }

  /** Nothing is running or due: the shell may drop this execution. */
  get isIdle(): boolean {
    return !this.#loop.isRunning && this.#loop.dueAtMs() === Infinity;
  }

  /** The first listener arrives: a message may follow any moment. */
  wake(): void {
    this.#pacer.wake();
  }

  /** Takes a reading of the newest page, whether a poll or a reader caused it. */
  headRead({ atMs, previous, end, failure }: HeadReading): void {
    const { history, listeners, random } = this.#options;
    if (failure) {
      this.#upstream = failure.type === 'upstream-throttled' ? 'throttled' : 'unavailable';
      if (failure.type === 'upstream-throttled') this.#pacer.throttled();
      else this.#pacer.failed();
    } else {
      const grew = previous?.position !== end?.position || previous?.fingerprint !== end?.fingerprint;
      // After an outage, streams that could not read their history continue, even without new messages.
      const recovered = this.#upstream !== 'ok';
      this.#upstream = 'ok';
      if (grew) this.#pacer.messagesArrived();
      else this.#pacer.nothingNew();
      history.archivist.endSeen(end);
      if (grew || recovered) listeners.notify();
      else listeners.headRead();
    }
    if (listeners.count > 0) this.#pace();
    this.#pollAtMs = atMs + this.#pacer.jittered(random());
    this.arrange();
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
   * Does what is due, and keeps doing so while there are listeners, within the bounds. Returns when to call it again, in clock
   * milliseconds; undefined: when it asks for it. Never throws.
   */
  run({ forMs, callsMax }: RunBounds): Promise<number | undefined> {
    if (this.#loop.isRunning) return Promise.resolve(undefined);
    const trace = newTrace(POLL);
    this.#trace = trace;
    return this.#loop.run({ forMs, isSpent: () => trace.calls >= callsMax });
  }

  #pace(): void {
    const { source, ref, listeners } = this.#options;
    const wantedMs = this.#pacer.ownIntervalMs;
    this.#pacer.paced(source.pace?.(ref, wantedMs, listeners.tenants) ?? wantedMs);
  }

  #pollDueAtMs(): number {
    const { history, listeners } = this.#options;
    if (listeners.count === 0 || history.settled || this.#polling) return Infinity;
    // Requests that wait for an execution to exist look for it themselves (waiting.ts).
    return listeners.streams > 0 || history.upstream.isKnown ? this.#pollAtMs : Infinity;
  }

  #poll(): void {
    const { ref, history, clock, random, log } = this.#options;
    // Before the call: executions that are opened at once must know of each other when they set their intervals.
    this.#pace();
    // Set before the result is known: whatever it is, the next poll is an interval away, and the loop cannot spin.
    this.#pollAtMs = clock.now() + this.#pacer.jittered(random());
    // A page that a reader requested just now is fresh enough.
    const lastNotBeforeMs = clock.now() - this.#pacer.intervalMs / 2;
    this.#unwanted = new AbortController();
    const walk = newWalk(this.#unwanted.signal);
    this.#polling = history.upstream
      .chunkAt(Number.MAX_SAFE_INTEGER, { lastNotBeforeMs }, this.#trace, walk)
      .then((read) => {
        if (read.ok) return;
        const { type } = read.failure;
        // The next poll continues there.
        if (type === 'upstream-unfinished') return;
        log({
          event: 'poll-failed',
          // An execution that does not exist (yet) is a caller's mistake or impatience, and no outage.
          level: type === 'upstream-not-found' ? 'info' : 'warn',
          ...logNames(ref),
          failure: type,
          reason: internalText(read.failure),
        });
      })
      .finally(() => {
        this.#polling = undefined;
        this.arrange();
      });
  }
}
