/**
 * Keeps lists in a map, for Deno and tests. If there are too many, the oldest idle ones are evicted.
 * Everything in them can be read again.
 */
import type { Clock } from '../../core/clock.ts';
import { createMemoryExecutionStorage } from '../../executions/execution-storage.ts';
import { InProcessObjects } from '../../objects/in-process-objects.ts';
import type { LiveList } from '../live/live-list.ts';
import type { ListOf } from '../lists.ts';
import { type ListObjects, type OpenList, listKey } from './open-list.ts';

/**
 * How many idle lists are kept. Each has rows of a few kilobytes. The pages are in a cache that all lists
 * share.
 */
const IDLE_LISTS_MAX = 1_000;

export interface InProcessLists extends ListObjects {
  /** Ends all streams and timers. Clients then reconnect elsewhere. */
  close(): void;
  /** The number of open live lists. */
  readonly streams: number;
}

export function createInProcessLists(openList: OpenList, clock: Clock): InProcessLists {
  const objects = new InProcessObjects<LiveList>(clock, IDLE_LISTS_MAX);
  const maker = (of: ListOf) => (wake: (atMs: number) => void) =>
    openList(of, { storage: createMemoryExecutionStorage(), wake });
  return {
    page: (request, signal) =>
      objects.ask(listKey(request.of), maker(request.of), (list) =>
        list.page(request, objects.untilClosing(signal)),
      ),
    follow: (request, signal, onClosed) =>
      objects.openStream(listKey(request.of), maker(request.of), (list) =>
        list.follow(request, signal, onClosed),
      ),
    close: () => objects.close(),
    get streams() {
      return objects.streams;
    },
  };
}
