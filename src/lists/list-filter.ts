/** Decides from the filter and the item alone whether the item is listed. No I/O, no clock. */
import { matchesAnyPattern } from '../access/keys/execution-pattern.ts';
import type { ListFilter, ListItem } from './lists.ts';

/** Whether the item is listed. */
export const matchesFilter = (filter: ListFilter, item: ListItem): boolean =>
  (filter.statuses?.includes(item.status) ?? true) && mayEverMatch(filter, item);

/**
 * Like `matchesFilter`, but ignores the status, which changes during an execution's life. False means that
 * the item can never match.
 */
export function mayEverMatch(filter: ListFilter, { name, startedAt, flowExecutionId }: ListItem): boolean {
  const { namePrefix, startedAfterMs, startedBeforeMs, patterns } = filter;
  if (namePrefix !== undefined && !(name?.startsWith(namePrefix) ?? false)) return false;
  if (startedAfterMs !== undefined || startedBeforeMs !== undefined) {
    // If there is no start time, this is NaN, and every comparison is false.
    const startedAtMs = Date.parse(startedAt ?? '');
    if (!(startedAtMs >= (startedAfterMs ?? -Infinity) && startedAtMs < (startedBeforeMs ?? Infinity)))
      return false;
  }
  return matchesAnyPattern(patterns, flowExecutionId);
}
