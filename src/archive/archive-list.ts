/**
 * Lists all archived executions, for administration. Until the index has been built, lists the heads. After
 * that, lists the index, by source and flow, newest start first. A cursor belongs to one of these two lists,
 * so a client that began with the heads finishes with them and misses nothing.
 */
import { type Result, invalid, ok } from '../core/errors.ts';
import { restoreExecutionRef } from '../core/execution-ref.ts';
import type { Archive, ArchivedExecution } from './archive.ts';
import type { IndexBuild } from './index-build.ts';
import { type IndexedExecution, indexedExecutionOf } from './index-record.ts';

const OF_INDEX = 'i.';
const OF_HEADS = 'h.';

export interface ArchiveListPage {
  readonly executions: readonly IndexedExecution[];
  /** Opaque. Absent on the last page. */
  readonly cursor?: string;
}

export type ArchiveList = (options: {
  readonly cursor?: string;
  readonly limit: number;
}) => Promise<Result<ArchiveListPage>>;

export function createArchiveList(archive: Archive, build: Pick<IndexBuild, 'isDone'>): ArchiveList {
  const ofHeads: ArchiveList = async (options) => {
    const listed = await archive.list(options);
    return listed.ok
      ? ok({ ...listed.value, executions: listed.value.executions.map((found) => indexed(found)) })
      : listed;
  };
  return async ({ cursor, limit }) => {
    const kind = cursor?.slice(0, OF_INDEX.length) ?? ((await build.isDone()) ? OF_INDEX : OF_HEADS);
    if (kind !== OF_INDEX && kind !== OF_HEADS) {
      return invalid('query', 'cursor', 'is not the cursor of a list of executions.');
    }
    const list: ArchiveList = kind === OF_INDEX ? (options) => archive.index.list(options) : ofHeads;
    const storeCursor = cursor?.slice(kind.length);
    const page = await list({ limit, ...(storeCursor !== undefined && { cursor: storeCursor }) });
    if (!page.ok || page.value.cursor === undefined) return page;
    return ok({ ...page.value, cursor: `${kind}${page.value.cursor}` });
  };
}

const indexed = ({ head, ...name }: ArchivedExecution) => indexedExecutionOf(restoreExecutionRef(name), head);
