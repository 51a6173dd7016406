/**
 * The conditions of a list. Whether an item is listed follows from the filter and the item alone: no I/O, no
 * clock.
 */
import { matchesAnyPattern } from '../access/keys/execution-pattern.ts';
import type { ListFilter, ListItem } from './lists.ts';

/** Whether this item is listed. */
export const matchesFilter = (filter: ListFilter, item: ListItem): boolean =>
  (filter.statuses?.includes(item.status) ?? true) && mayEverMatch(filter, item);

/**
 * As `matchesFilter`, without the conditions whose result can change during an execution's life. A live list
 * needs it to report once that an execution no longer matches.
 */
export function mayEverMatch(filter: ListFilter, { name, startedAt, flowExecutionId }: ListItem): boolean {
  const { namePrefix, startedAfterMs, startedBeforeMs, patterns } = filter;
  if (namePrefix !== undefined && !(name?.startsWith(namePrefix) ?? false)) return false;
  if (startedAfterMs !== undefined || startedBeforeMs !== undefined) {
    // NaN without a start time: every comparison is false.
    const startedAtMs = Date.parse(startedAt ?? '');
    if (!(startedAtMs >= (startedAfterMs ?? -Infinity) && startedAtMs < (startedBeforeMs ?? Infinity)))
      return false;
  }
  return matchesAnyPattern(patterns, flowExecutionId);
}
