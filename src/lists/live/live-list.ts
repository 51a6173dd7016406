/**
 * Opens the live lists of one flow, and serves all of them with one poll (list-poller.ts). Like an Execution,
 * this class is independent of the runtime: thin shells pass in a clock and a way to be woken.
 */
import type { Clock } from '../../core/clock.ts';
import { type Failure, type Result, ok } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { Listeners } from '../../executions/following/listeners.ts';
import { openStream } from '../../executions/following/open-stream.ts';
import type { RunBounds } from '../../objects/run-bounds.ts';
import type { KeyAnswer } from '../../executions/following/stream-key.ts';
import type { FollowRequest, ListItem, ListPage, ListRequest } from '../lists.ts';
import { FollowedExecutions } from './followed-executions.ts';
import type { ListFeed } from './list-feed.ts';
import type { ListFrames } from './list-frames.ts';
import { ListPoller } from './list-poller.ts';
import { type FirstList, ListSubscriber } from './list-subscriber.ts';

/** The initial list is read in at most this many pages, each of which searches a bounded part of the flow. */
const FIRST_PAGES_MAX = 5;

export interface LiveListOptions {
  /** The members that identify the list in log lines. */
  readonly names: Readonly<Record<string, string>>;
  readonly feed: ListFeed;
  readonly frames: ListFrames;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly wake: (atMs: number) => void;
  readonly checkGrant: (grant: unknown) => Promise<KeyAnswer>;
  readonly listenersMax?: number;
}

export class LiveList {
  readonly #options: LiveListOptions;
  readonly #followed = new FollowedExecutions();
  readonly #listeners: Listeners;
  readonly #subscribers = new Set<ListSubscriber>();
  readonly #poller: ListPoller;

  constructor(options: LiveListOptions) {
    this.#options = options;
    this.#listeners = new Listeners({ ...options, onDueChanged: () => this.#poller.arrange() });
    this.#poller = new ListPoller({
      ...options,
      followed: this.#followed,
      listeners: this.#listeners,
      onChange: (items) => this.#offer(items),
    });
  }

  /** True if evicting this object would lose nothing. */
  get idle(): boolean {
    return this.#listeners.count === 0 && this.#poller.isIdle;
  }

  get streams(): number {
    return this.#listeners.streams;
  }

  page(request: ListRequest, signal?: AbortSignal): Promise<Result<ListPage>> {
    return this.#options.feed.page(request, signal);
  }

  /** Opens the event stream, or returns why it is refused. */
  async follow(
    request: FollowRequest,
    signal?: AbortSignal,
    onClosed?: () => void,
  ): Promise<Result<ReadableStream<Uint8Array>>> {
    try {
      return await this.#listeners.withSlot(request, this.#poller.state, signal, async () => {
        const first = await this.#firstList(request, signal);
        return first.ok ? ok(this.#open(request, first.value, signal, onClosed)) : first;
      });
    } finally {
      this.#poller.arrange();
    }
  }

  /** See `Poller.run`. */
  run(bounds: RunBounds): Promise<number | undefined> {
    return this.#poller.run(bounds);
  }

  /** Ends each stream after a complete frame, for a shutdown. Clients then reconnect elsewhere. */
  closeStreams(failure?: Failure): void {
    this.#listeners.closeAll(failure);
  }

  /**
   * Reads the newest executions that match. The search is bounded, because matches can be rare and far apart.
   */
  async #firstList(request: FollowRequest, signal: AbortSignal | undefined): Promise<Result<FirstList>> {
    const { feed } = this.#options;
    const executions: ListItem[] = [];
    let isPartial = false;
    for (let pages = 1, after: string | undefined; ; pages++) {
      const maxResults = request.maxResults - executions.length;
      const page = await feed.page({ ...request, maxResults, ...(after !== undefined && { after }) }, signal);
      if (!page.ok) return page;
      const { executions: found, next, partial, searchedBackTo } = page.value;
      executions.push(...found);
      isPartial ||= partial === true;
      const isFull = executions.length >= request.maxResults;
      if (next === undefined || isFull || pages >= FIRST_PAGES_MAX || signal?.aborted) {
        return ok({
          executions,
          ...(next !== undefined && { next }),
          ...(isPartial && { partial: true }),
          ...(!isFull && searchedBackTo !== undefined && { searchedBackTo }),
        });
      }
      after = next;
    }
  }

  #open(
    request: FollowRequest,
    first: FirstList,
    signal: AbortSignal | undefined,
    onClosed: (() => void) | undefined,
  ): ReadableStream<Uint8Array> {
    const { frames, clock, random } = this.#options;
    return openStream({
      ...this.#options,
      request,
      create: (ends) => new ListSubscriber({ ...ends, filter: request, first, frames, clock, random }),
      registry: {
        add: (subscriber, granted) => {
          if (this.#subscribers.size === 0) this.#poller.wake();
          this.#subscribers.add(subscriber);
          this.#listeners.add(subscriber, granted);
          // Polls might have found more while the initial list was being read.
          subscriber.offer(this.#followed.all);
          this.#followed.watch(first.executions);
        },
        remove: (subscriber) => {
          this.#subscribers.delete(subscriber);
          this.#listeners.remove(subscriber);
          if (this.#subscribers.size === 0) this.#followed.clear();
          onClosed?.();
          this.#poller.arrange();
        },
      },
      signal,
    });
  }

  #offer(items: readonly ListItem[]): void {
    const end = this.#followed.pageEndsAt;
    for (const subscriber of this.#subscribers) {
      subscriber.offer(items);
      if (end !== undefined) subscriber.forgetAfter(end);
    }
    if (items.length > 0) this.#listeners.notify();
    else this.#listeners.headRead();
  }
}
