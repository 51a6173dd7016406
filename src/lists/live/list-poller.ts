/**
 * Polls the list of one flow while live lists of it are open. One poll serves all of them. Each poll reads
 * the newest page and, if older executions are still running, rereads those. The interval is chosen as for
 * message streams, within the budget of list calls.
 */
import { type Failure, type Result, ok } from '../../core/errors.ts';
import { Poller, type PollTerms, type PollerOptions } from '../../executions/following/poller.ts';
import type { CallOptions } from '../../sources/source.ts';
import type { ListItem } from '../lists.ts';
import type { FollowedExecutions } from './followed-executions.ts';
import type { ListFeed } from './list-feed.ts';

/**
 * All lists of an account share a budget of two calls per second. So even a list that changes all the time is
 * polled no more often than this.
 */
export const LIST_INTERVAL_MIN_MS = 2_000;

export interface ListPollerOptions extends PollerOptions {
  /** The members that identify the list in log lines. */
  readonly names: Readonly<Record<string, string>>;
  readonly feed: ListFeed;
  readonly followed: FollowedExecutions;
  /** Called with executions that have appeared or changed. `items` may be empty. */
  readonly onChange: (items: readonly ListItem[]) => void;
}

export class ListPoller extends Poller {
  readonly #options: ListPollerOptions;

  constructor(options: ListPollerOptions) {
    super({
      ...options,
      logLines: { pollFailed: 'list-poll-failed', runFailed: 'list-run-failed' },
      intervalMinMs: LIST_INTERVAL_MIN_MS,
      tasks: [],
      load: async () => undefined,
      idle: async () => undefined,
    });
    this.#options = options;
  }

  /** The list was read just now, so the first poll waits for one interval. */
  override wake(): void {
    super.wake();
    this.pollAfter(this.#options.clock.now());
  }

  protected override get isWanted(): boolean {
    return this.#options.listeners.streams > 0;
  }

  protected override paced(wantedMs: number): number {
    const { feed, followed, listeners } = this.#options;
    return feed.pace(wantedMs, followed.runningBehindPage.length, listeners.tenants);
  }

  protected override async poll({ due, further, signal }: PollTerms): Promise<Failure | undefined> {
    const beganAtMs = this.#options.clock.now();
    const callOf = (trace: PollTerms['due']): CallOptions => ({
      origin: trace.origin,
      signal,
      onAttempt: () => void trace.calls++,
    });
    const read = await this.#read(callOf(due), callOf(further));
    if (read.ok) this.noteOutcome(read.value ? 'news' : 'nothing-new', beganAtMs);
    else this.noteOutcome(read.failure, beganAtMs);
    return read.ok ? undefined : read.failure;
  }

  /** Reads the list and reports changes. Resolves with true if anything has changed. */
  async #read(due: CallOptions, further: CallOptions): Promise<Result<boolean>> {
    const { feed, followed, onChange } = this.#options;
    const newest = await feed.newest(due);
    if (!newest.ok) return newest;
    const { executions, hasMore } = newest.value;
    const changed = followed.updatePage(executions, hasMore);
    onChange(changed);
    const running = followed.runningBehindPage;
    if (running.length === 0) return ok(changed.length > 0);
    const reread = await feed.reread(running, { list: due, describe: further });
    if (!reread.ok) return reread;
    const ended = followed.update(reread.value);
    onChange(ended);
    return ok(changed.length + ended.length > 0);
  }
}
