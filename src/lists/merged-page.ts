/**
 * Merges the live and the archived part of a list into one page, in the order of lists and without
 * duplicates. Both parts are read up to the same position, so the next page continues from it without a gap.
 */
import type { Clock } from '../core/clock.ts';
import { type Failure, type Result, fail, ok } from '../core/errors.ts';
import { positionAtStartTime, startedAtMsOf } from '../archive/order-key.ts';
import type { ArchivedPart } from './archived-part.ts';
import { itemOf } from './list-entry.ts';
import { matchesFilter } from './list-filter.ts';
import type { Next } from './list-part.ts';
import type { LivePart } from './live-part.ts';
import type { ListItem, ListPage, ListRequest } from './lists.ts';

/** After examining this many executions, yield to other requests. */
const EXAMINED_AT_ONCE = 1_000;
/** Sorts after all positions. */
const END = '~';

export interface Parts {
  readonly live: LivePart | undefined;
  readonly archived: ArchivedPart;
}

/**
 * `beginning` is the position where both parts begin. With `startedBefore`, it can be far later in the list
 * than `after`.
 */
export async function mergedPage(
  request: ListRequest,
  beginning: string,
  { live, archived }: Parts,
  clock: Clock,
): Promise<Result<Omit<ListPage, 'upstreamCalls'>>> {
  const { after = '', maxResults } = request;
  const executions: ListItem[] = [];
  let position = beginning;
  let listedTo = '';
  for (let examined = 1; ; examined++) {
    if (examined % EXAMINED_AT_ONCE === 0) await clock.turn();
    if (executions.length >= maxResults) {
      const isEnd = !(live?.mayHaveMore ?? false) && !archived.mayHaveMore;
      return ok({ executions, ...(!isEnd && { next: position }), ...partialOf({ live, archived }) });
    }
    const [fromLive, fromArchive] = await Promise.all([live?.peek() ?? AT_END, archived.peek()]);
    const liveEntry = fromLive.at === 'entry' ? fromLive.entry : undefined;
    const archivedEntry = fromArchive.at === 'entry' ? fromArchive.entry : undefined;
    const key = least(liveEntry?.key ?? END, archivedEntry?.key ?? END);
    const unread = [fromLive, fromArchive].filter((next) => next.at === 'unread');
    const knownTo = unread.map((next) => next.position).reduce(least, END);
    if (key === END || key > knownTo) {
      if (knownTo === END) return ok({ executions, ...partialOf({ live, archived }) });
      // If the walk has not even reached the beginning, the next request continues where this walk stopped.
      const reached = knownTo > beginning ? knownTo : (live?.walkedTo ?? '');
      if (reached <= after) return fail(unread.find(({ failure }) => failure)?.failure ?? notReached);
      const examinedTo = knownTo > beginning && position > knownTo ? position : reached;
      const next = placeFor(examinedTo, after, listedTo);
      return ok({ executions, next, ...searchedBackTo(next), ...partialOf({ live, archived }) });
    }
    position = key;
    const isLive = liveEntry?.key === key;
    const isArchived = archivedEntry?.key === key;
    if (isLive) live?.take();
    if (isArchived) archived.take();
    // If archive and upstream disagree about an execution's start time, list it only at the upstream's place.
    if (!isLive && archivedEntry && live?.has(archivedEntry.execution.executionId)) continue;
    const item = itemOf(
      isLive ? liveEntry : undefined,
      isArchived ? archivedEntry?.execution : undefined,
      clock.now(),
    );
    if (!item || !matchesFilter(request, item)) continue;
    const members = isLive && request.members ? liveEntry?.members : undefined;
    executions.push(members ? { ...item, members } : item);
    listedTo = key;
  }
}

/**
 * Chooses the place for the cursor of a short page. Callers can decode a cursor, and the search might have
 * stopped at an execution that the caller may not read. The hash in that execution's order key would confirm
 * a guessed id. So the place is reduced to the start time where possible. If that would list an execution
 * twice, the place is the last listed execution. If the next request would make no progress from the reduced
 * place, the exact place is used.
 */
function placeFor(examinedTo: string, after: string, listedTo: string): string {
  const time = positionAtStartTime(examinedTo);
  const place = time > listedTo ? time : listedTo;
  return place > after ? place : examinedTo;
}

const AT_END: Next<never> = { at: 'end' };

/**
 * This failure occurs only if tokens expire during a very long walk. The pages read now are remembered, so
 * the next request gets further.
 */
const notReached: Failure = {
  type: 'upstream-unfinished',
  internal: 'the upstream pages before this position had to be read again',
};

const least = (a: string, b: string): string => (a < b ? a : b);

const partialOf = ({ live, archived }: Parts): { partial?: true } =>
  (live?.missing ?? false) || archived.missing ? { partial: true } : {};

function searchedBackTo(position: string): Pick<ListPage, 'searchedBackTo'> {
  const startedAtMs = startedAtMsOf(position);
  // The position can be a time outside the range that dates can represent.
  const time = new Date(startedAtMs ?? NaN);
  return Number.isNaN(time.getTime()) ? {} : { searchedBackTo: time.toISOString() };
}
