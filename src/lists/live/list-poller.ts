/**
 * Polls the list of one flow while live lists of it are open: one poll for all of them. Each poll reads the newest page and, if
 * executions run that are not on it, those that run. The interval is that of message streams (pacer.ts), within the budget of list calls.
 */
import type { Clock } from '../../core/clock.ts';
import { exceptionText } from '../../core/exception-text.ts';
import { type Failure, type Result, internalText, ok } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { UpstreamState } from '../../executions/following/event-frames.ts';
import type { Listeners, PollState } from '../../executions/following/listeners.ts';
import { Pacer } from '../../executions/following/pacer.ts';
import type { RunBounds } from '../../executions/following/poller.ts';
import { RunLoop } from '../../executions/following/run-loop.ts';
import type { FollowedExecutions } from './followed-executions.ts';
import type { ListFeed } from './list-feed.ts';
import type { ListItem } from '../lists.ts';

/** Lists share two calls a second of a whole account. One list that changes all the time gets half of them. */
export const LIST_INTERVAL_MIN_MS = 2_000;

export interface ListPollerOptions {
  /** How log lines name the list. */
  readonly names: Readonly<Record<string, string>>;
  readonly feed: ListFeed;
  readonly followed: FollowedExecutions;
  readonly listeners: Listeners;
  /** Executions have appeared or changed. */
  readonly onChange: (items: readonly ListItem[]) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Asks the shell to call `run` at that time, in clock milliseconds, or earlier. */
  readonly wake: (atMs: number) => void;
}

export class ListPoller {
  readonly #options: ListPollerOptions;
  readonly #pacer = new Pacer(LIST_INTERVAL_MIN_MS);
  readonly #loop: RunLoop;
  #upstream: UpstreamState = 'ok';
  #pollAtMs = 0;
  #polling: Promise<void> | undefined;
  /** Aborted when the last listener leaves during a poll. */
  #unwanted = new AbortController();
  /** Requests that the polls of this `run` have sent. */
  #calls = 0;

  constructor(options: ListPollerOptions) {
    this.#options = options;
    const { names, listeners, clock, log } = options;
    const polls = {
      dueAtMs: () => this.#pollDueAtMs(),
      tick: () => {
        if (this.#pollDueAtMs() <= clock.now()) this.#poll();
      },
    };
    const streams = { dueAtMs: () => listeners.dueAtMs(), tick: () => listeners.tick(this.state) };
    this.#loop = new RunLoop({
      clock,
      load: async () => undefined,
      isNeeded: () => listeners.count > 0,
      tasks: [polls, streams],
      streams,
      idle: async () => this.#polling,
      onBug: (error) =>
        log({ event: 'list-run-failed', level: 'error', ...names, reason: exceptionText(error) }),
    });
  }

  get state(): PollState {
    return { pollIntervalMs: this.#pacer.intervalMs, upstream: this.#upstream };
  }

  get isIdle(): boolean {
    return !this.#loop.isRunning && this.#loop.dueAtMs() === Infinity;
  }

  /** The first listener arrives. Its list was read just now: the first poll is an interval away. */
  wake(): void {
    const { clock, random } = this.#options;
    this.#pacer.wake();
    this.#pace();
    this.#pollAtMs = clock.now() + this.#pacer.jittered(random());
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

  /** As `Poller.run`. */
  run({ forMs, callsMax }: RunBounds): Promise<number | undefined> {
    if (this.#loop.isRunning) return Promise.resolve(undefined);
    this.#calls = 0;
    return this.#loop.run({ forMs, isSpent: () => this.#calls >= callsMax });
  }

  #pollDueAtMs(): number {
    return this.#options.listeners.streams === 0 || this.#polling ? Infinity : this.#pollAtMs;
  }

  #pace(): void {
    const { feed, followed, listeners } = this.#options;
    const rereads = followed.runningBehindPage.length;
    this.#pacer.paced(feed.pace(this.#pacer.ownIntervalMs, rereads, listeners.tenants));
  }

  #poll(): void {
    const { clock, random, names, log } = this.#options;
    this.#pace();
    // Set before the result is known: whatever it is, the next poll is an interval away, and the loop cannot spin.
    this.#pollAtMs = clock.now() + this.#pacer.jittered(random());
    this.#unwanted = new AbortController();
    this.#polling = this.#read()
      .then((read) => {
        if (read.ok) {
          this.#upstream = 'ok';
          if (read.value) this.#pacer.messagesArrived();
          else this.#pacer.nothingNew();
        } else this.#failed(read.failure);
        this.#pace();
      })
      .catch((error: unknown) => {
        this.#pacer.failed();
        log({ event: 'list-poll-failed', level: 'error', ...names, reason: exceptionText(error) });
      })
      .finally(() => {
        this.#polling = undefined;
        this.#pollAtMs = Math.max(this.#pollAtMs, clock.now());
        this.arrange();
      });
  }

  /** Whether anything has changed. */
  async #read(): Promise<Result<boolean>> {
    const { feed, followed, onChange } = this.#options;
    const call = {
      origin: { class: 'poll' },
      signal: this.#unwanted.signal,
      onAttempt: () => void this.#calls++,
    } as const;
    const newest = await feed.newest(call);
    if (!newest.ok) return newest;
    const { executions, hasMore } = newest.value;
    const changed = followed.updatePage(executions, hasMore);
    onChange(changed);
    const running = followed.runningBehindPage;
    if (running.length === 0) return ok(changed.length > 0);
    const reread = await feed.reread(running, call);
    if (!reread.ok) return reread;
    const ended = followed.update(reread.value);
    onChange(ended);
    return ok(changed.length + ended.length > 0);
  }

  #failed(failure: Failure): void {
    const { names, log } = this.#options;
    const isThrottled = failure.type === 'upstream-throttled';
    this.#upstream = isThrottled ? 'throttled' : 'unavailable';
    if (isThrottled) this.#pacer.throttled();
    else this.#pacer.failed();
    const reason = internalText(failure);
    log({
      event: 'list-poll-failed',
      level: 'warn',
      ...names,
      failure: failure.type,
      ...(reason !== undefined && { reason }),
    });
  }
}
