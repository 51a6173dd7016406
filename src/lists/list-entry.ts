/**
 * Entries of lists, from the upstream or from the archive, and how both are combined into one item. An
 * execution has the same order key in both, because the archive keeps the upstream's start time.
 */
import { isFinal } from '../archive/archive-head.ts';
import type { IndexedExecution } from '../archive/index-record.ts';
import { orderKey } from '../archive/order-key.ts';
import type { SourceExecution } from '../sources/listing-source.ts';
import type { ListItem } from './lists.ts';

/** An execution that the upstream lists. Its `item` does not yet include what only the archive knows. */
export interface LiveEntry {
  readonly key: string;
  readonly startedAtMs: number;
  readonly item: ListItem;
  readonly members: Readonly<Record<string, unknown>>;
}

export interface ArchivedEntry {
  readonly key: string;
  readonly execution: IndexedExecution;
}

export const liveEntryOf = (source: string, execution: SourceExecution): LiveEntry => ({
  key: orderKey(execution.startedAt, execution.executionId),
  startedAtMs: Date.parse(execution.startedAt),
  item: liveItem(source, execution),
  members: execution.members,
});

/** Creates an item from the upstream's list or description of an execution. */
export function liveItem(
  source: string,
  execution: Partial<SourceExecution> & Pick<SourceExecution, 'executionId' | 'upstreamStatus'>,
): ListItem {
  const { executionId, flow, name, status, upstreamStatus, startedAt, endedAt, redriveCount } = execution;
  return {
    flowExecutionId: executionId,
    ...(flow !== undefined && { flow }),
    ...(name !== undefined && { name }),
    source,
    // AWS might add statuses that we don't know. In that case, the execution is running if it has no end
    // time.
    status: status ?? (endedAt === undefined ? 'RUNNING' : 'FAILED'),
    upstreamStatus,
    ...timesOf(startedAt, endedAt),
    ...(redriveCount !== undefined && { redriveCount }),
    archived: false,
    final: false,
  };
}

export const archivedEntryOf = (execution: IndexedExecution): ArchivedEntry => ({
  key: orderKey(execution.startedAt, execution.executionId),
  execution,
});

/** Creates the item of an execution from the upstream's entry, the archive's entry, or both. */
export function itemOf(
  live: LiveEntry | undefined,
  archived: IndexedExecution | undefined,
  nowMs: number,
): ListItem | undefined {
  if (!archived) return live?.item;
  const kept = archivedItem(archived, nowMs);
  if (!live) return kept;
  const { status, upstreamStatus, endedAt, redriveCount } = isNewer(live.item, kept) ? live.item : kept;
  // If the archived item has no `upstreamStatus`, use the one of the live item, but only if both items have the
  // same `status`.
  const ownStatus = upstreamStatus ?? (status === live.item.status ? live.item.upstreamStatus : undefined);
  const { upstreamStatus: _status, endedAt: _ended, durationMs: _duration, ...lasting } = live.item;
  return {
    ...lasting,
    status,
    ...(ownStatus !== undefined && { upstreamStatus: ownStatus }),
    ...timesOf(live.item.startedAt, endedAt),
    ...(redriveCount !== undefined && { redriveCount }),
    archived: true,
    final: kept.final,
  };
}

/** Creates the item of an archived execution. */
export function archivedItem(execution: IndexedExecution, nowMs: number): ListItem {
  const { executionId, source, flow, name, status, upstreamStatus, startedAt, endedAt, redriveCount } =
    execution;
  return {
    flowExecutionId: executionId,
    ...(flow !== undefined && { flow }),
    ...(name !== undefined && { name }),
    source,
    status,
    ...(upstreamStatus !== undefined && { upstreamStatus }),
    ...timesOf(startedAt, endedAt),
    ...(redriveCount !== undefined && { redriveCount }),
    archived: true,
    final: isFinal(execution, nowMs),
  };
}

/**
 * Whether the upstream's state is later than the archive's. Either can be outdated: the upstream's list lags
 * by about a second, and the archive is outdated after a redrive.
 */
function isNewer(live: ListItem, archived: ListItem): boolean {
  if (archived.final) return false;
  // Old archives have no redrive count to compare, so trust the upstream.
  if (archived.redriveCount === undefined) return true;
  const liveCount = live.redriveCount ?? 0;
  if (liveCount !== archived.redriveCount) return liveCount > archived.redriveCount;
  return live.status !== 'RUNNING';
}

/** The time members of an item. */
export function timesOf(
  startedAt: string | undefined,
  endedAt: string | undefined,
): Pick<ListItem, 'startedAt' | 'endedAt' | 'durationMs'> {
  const durationMs = Date.parse(endedAt ?? '') - Date.parse(startedAt ?? '');
  return {
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(!Number.isNaN(durationMs) && { durationMs }),
  };
}
