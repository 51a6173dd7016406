/**
 * Lists as entries of a map, for Deno and tests. The oldest idle lists are dropped; everything in them can be
 * read again.
 */
import type { Clock } from '../../core/clock.ts';
import { createMemoryExecutionStorage } from '../../executions/execution-storage.ts';
import { InProcessObjects } from '../../objects/in-process-objects.ts';
import type { LiveList } from '../live/live-list.ts';
import type { ListOf } from '../lists.ts';
import { type ListObjects, type OpenList, listKey } from './open-list.ts';

/**
 * Idle lists that are kept. Each has rows of a few kilobytes; the pages are in a memory that all lists share.
 */
const IDLE_LISTS_MAX = 1_000;

export interface InProcessLists extends ListObjects {
  /** Ends all streams, so that clients reconnect elsewhere, and all timers. */
  close(): void;
  /** Open live lists. */
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
