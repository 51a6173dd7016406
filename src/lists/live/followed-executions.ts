/**
 * Tracks the executions that the live lists of one flow follow: those on the newest page, and all running
 * ones, however long ago they started. Detects changes by comparing each reading with the previous one. No
 * I/O, no clock.
 */
import { orderKey } from '../../archive/order-key.ts';
import type { ListItem } from '../lists.ts';
import { isSameState } from './item-state.ts';

/**
 * How many running executions that are older than the newest page are followed. If there are more, the oldest
 * are dropped, and their end is not reported.
 */
export const RUNNING_MAX = 5_000;

interface Known {
  readonly item: ListItem;
  readonly key: string;
}

export class FollowedExecutions {
  /** The followed executions by id. */
  readonly #known = new Map<string, Known>();
  /** The order key of the last execution on the newest page. Undefined if that page has all executions. */
  #pageEndsAt: string | undefined;

  /** The current state of all followed executions. */
  get all(): ListItem[] {
    return [...this.#known.values()].map(({ item }) => item);
  }

  get pageEndsAt(): string | undefined {
    return this.#pageEndsAt;
  }

  /**
   * The running executions that are older than those on the newest page. Reading that page does not show
   * their end.
   */
  get runningBehindPage(): ListItem[] {
    const end = this.#pageEndsAt;
    if (end === undefined) return [];
    return [...this.#known.values()].flatMap(({ item, key }) =>
      item.status === 'RUNNING' && key > end ? [item] : [],
    );
  }

  /**
   * Starts to follow those that are running and not yet known. Ignores known ones, because their state here
   * is newer.
   */
  watch(items: readonly ListItem[]): void {
    this.update(items.filter((item) => item.status === 'RUNNING' && !this.#known.has(item.flowExecutionId)));
  }

  /** Stores the current state of executions. Returns those that are new or have changed. */
  update(items: readonly ListItem[]): ListItem[] {
    return items.filter((item) => {
      const known = this.#known.get(item.flowExecutionId);
      if (known && isSameState(known.item, item)) return false;
      const key = known?.key ?? orderKey(item.startedAt, item.flowExecutionId);
      this.#known.set(item.flowExecutionId, { item, key });
      return true;
    });
  }

  /**
   * Stores the executions of the newest page, and forgets ended ones that are no longer on it. Returns those
   * that are new or have changed.
   */
  updatePage(items: readonly ListItem[], hasMore: boolean): ListItem[] {
    const changed = this.update(items);
    const last = items.at(-1);
    this.#pageEndsAt = hasMore && last ? orderKey(last.startedAt, last.flowExecutionId) : undefined;
    this.#forget();
    return changed;
  }

  clear(): void {
    this.#known.clear();
    this.#pageEndsAt = undefined;
  }

  #forget(): void {
    const end = this.#pageEndsAt;
    if (end === undefined) return;
    const behind = [...this.#known].filter(([, { key }]) => key > end);
    const { running = [], ended = [] } = Object.groupBy(behind, ([, { item }]) =>
      item.status === 'RUNNING' ? 'running' : 'ended',
    );
    const tooMany = running.toSorted(([, a], [, b]) => (a.key < b.key ? -1 : 1)).slice(RUNNING_MAX);
    for (const [id] of [...ended, ...tooMany]) this.#known.delete(id);
  }
}
