/**
 * The list of the executions of one flow, or of one map run. One object per list serves all its readers, so
 * that they share its upstream calls. It merges the upstream's list (upstream-list.ts) with the archive's
 * index. For live lists, it also rereads running executions (running-executions.ts).
 *
 * Like an Execution, this class is independent of the runtime: thin shells pass in storage and clock.
 * Executions of Things Graph, and those that belong to no flow, cannot be listed by any source. Lists of
 * these contain archived executions only.
 */
import { positionBefore } from '../archive/order-key.ts';
import type { IndexGroup } from '../archive/index-record.ts';
import type { Clock } from '../core/clock.ts';
import { type Result, fail, ok } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { matchesAnyPattern } from '../access/keys/execution-pattern.ts';
import type { ExecutionStorage } from '../executions/execution-storage.ts';
import { readerOrigin } from '../executions/upstream/read-terms.ts';
import type { ExecutionsQuery, ListingSource } from '../sources/listing-source.ts';
import type { CallOptions, Source } from '../sources/source.ts';
import { type ArchiveIndex, ArchivedPart, INDEX_PAGES_MAX } from './archived-part.ts';
import { ArchivedFacts } from './archived-facts.ts';
import { ListRows } from './list-rows.ts';
import type { PartRange } from './list-part.ts';
import { type ListItem, type ListOf, type ListPage, type ListRequest, nameOf } from './lists.ts';
import { LivePart } from './live-part.ts';
import { mergedPage } from './merged-page.ts';
import { type NewestExecutions, NewestList } from './newest-list.ts';
import {
  DESCRIBED_WITHOUT_LIST_MAX,
  type RereadCalls,
  RUNNING,
  RunningExecutions,
} from './running-executions.ts';
import { LIST_FRESH_MS, type ListMemory, UpstreamList } from './upstream-list.ts';

/**
 * After this long, a request reads no further pages, so that callers get a short page before they give up.
 */
export const LIST_REQUEST_MS_MAX = 8_000;
/** The poll interval of live lists that contain archived executions only. */
export const ARCHIVE_POLL_MS = 15_000;
/** The page size for searching the index for an execution that a key may read. */
const SEARCHED_AT_ONCE = 1_000;

export interface FlowListOptions {
  readonly of: ListOf;
  /** Absent if no upstream can list these executions. */
  readonly source?: ListingSource;
  /** Describes one execution. Its calls count against the budget of histories, not of lists. */
  readonly describe?: Source['describe'];
  readonly index: ArchiveIndex;
  readonly storage: ExecutionStorage;
  readonly memory: ListMemory;
  readonly clock: Clock;
  readonly log: Log;
}

export class FlowList {
  readonly #options: FlowListOptions;
  readonly #group: IndexGroup;
  readonly #rows: ListRows;
  readonly #archived: ArchivedFacts;
  readonly #upstream: UpstreamList | undefined;
  readonly #newest: NewestList;
  readonly #running: RunningExecutions | undefined;
  #isLoaded = false;
  #requests = 0;

  constructor(options: FlowListOptions) {
    this.#options = options;
    const { of, source, index, memory, clock } = options;
    const [group, flow] = nameOf(of);
    this.#group = { source: group, ...(flow !== null && { flow }) };
    this.#rows = new ListRows(options.storage, options.log);
    this.#archived = new ArchivedFacts({ index, group: this.#group, clock });
    if (source && isListed(of)) {
      const list = { source, of, name: `${source.name} ${flow}`, memory, clock };
      this.#upstream = new UpstreamList(list);
      this.#running = new RunningExecutions({
        ...list,
        ...(options.describe && { describe: options.describe }),
      });
    }
    this.#newest = new NewestList({ upstream: this.#upstream, archived: this.#archived, clock });
  }

  /**
   * True if no request is in progress. Then the shell may evict this object. Everything in its memory can be
   * read again.
   */
  get idle(): boolean {
    return this.#requests === 0;
  }

  page(request: ListRequest, signal?: AbortSignal): Promise<Result<ListPage>> {
    return this.#ask(() => this.#page(request, signal));
  }

  /** For live lists: reads the executions that started last, of any status. */
  newest(call: CallOptions): Promise<Result<NewestExecutions>> {
    return this.#ask(() => this.#newest.read(call));
  }

  /**
   * For live lists: rereads executions that were running before. The result can contain other running
   * executions, too. Executions that could not be read are missing from it.
   */
  reread(running: readonly ListItem[], calls: RereadCalls): Promise<Result<readonly ListItem[]>> {
    return this.#ask(async () => this.#running?.reread(running, calls) ?? ok([]));
  }

  /**
   * The interval between polls of this list, if each poll rereads `rereads` executions. See `Source.pace`.
   */
  pace(wantedMs: number, rereads: number, tenants: readonly string[]): number {
    const { of, source } = this.#options;
    // Such a list comes from the store alone. No call budget applies, but listing the store is slow.
    if (!source || !isListed(of)) return ARCHIVE_POLL_MS;
    const ofNewest = source.pace?.({ of }, wantedMs, tenants) ?? wantedMs;
    if (rereads <= DESCRIBED_WITHOUT_LIST_MAX) return ofNewest;
    const ofRunning = source.pace?.({ of, upstreamStatus: RUNNING }, wantedMs, tenants) ?? wantedMs;
    return Math.max(ofNewest, ofRunning);
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    this.#requests++;
    try {
      if (!this.#isLoaded) await this.#rows.load();
      this.#isLoaded = true;
      return await question();
    } finally {
      this.#requests--;
    }
  }

  async #page(request: ListRequest, signal: AbortSignal | undefined): Promise<Result<ListPage>> {
    const { clock, index } = this.#options;
    const now = clock.now();
    const range: PartRange = {
      after: beginningOf(request),
      ...(request.startedAfterMs !== undefined && { startedAfterMs: request.startedAfterMs }),
      untilMs: now + LIST_REQUEST_MS_MAX,
    };
    let upstreamCalls = 0;
    const terms = {
      origin: readerOrigin(request),
      ...(signal && { signal }),
      onAttempt: () => void upstreamCalls++,
      notBeforeMs: now - LIST_FRESH_MS,
    };
    const live =
      this.#upstream && new LivePart({ ...range, list: this.#upstream, rows: this.#rows, clock, terms });
    const onRead = this.#archived.note;
    const archived = new ArchivedPart({ ...range, index, group: this.#group, clock, onRead });
    const page = await mergedPage(request, range.after, { live, archived }, clock);
    if (!page.ok) return page;
    if (live?.refusal && request.after === undefined && page.value.executions.length === 0) {
      if (!(await this.#hasReadable(request.patterns))) return fail(live.refusal);
    }
    return ok({
      ...page.value,
      ...((await this.#lacksArchives(request)) && { partial: true }),
      upstreamCalls,
    });
  }

  /**
   * Whether older archived executions might be missing because their index is still being built. Executions
   * of map runs are never in that index. Requests with `members` come from AWS's protocol, which cannot mark
   * a list as partial. So this is false for them. AWS itself would not list such archived executions, either.
   */
  async #lacksArchives({ of, members }: ListRequest): Promise<boolean> {
    return members !== true && !('mapRunArn' in of) && !(await this.#options.index.isComplete());
  }

  /**
   * Whether the archive has an execution that matches these patterns. Returns true if the search cannot be
   * finished.
   */
  async #hasReadable(patterns: readonly string[]): Promise<boolean> {
    const { index } = this.#options;
    let after: string | undefined;
    for (let pages = 0; pages < INDEX_PAGES_MAX; pages++) {
      const page = await index.page(this.#group, {
        ...(after !== undefined && { after }),
        limit: SEARCHED_AT_ONCE,
      });
      if (!page.ok) return true;
      const { executions, next } = page.value;
      if (executions.some(({ executionId }) => matchesAnyPattern(patterns, executionId))) return true;
      if (next === undefined) return false;
      after = next;
    }
    return true;
  }
}

/** Whether an upstream might list these executions. */
const isListed = (of: ListOf): of is ListOf & ExecutionsQuery['of'] => 'flow' in of || 'mapRunArn' in of;

/** The position after which this request begins to read. */
function beginningOf({ after = '', startedBeforeMs }: ListRequest): string {
  const bound = startedBeforeMs === undefined ? '' : positionBefore(startedBeforeMs - 1);
  return after > bound ? after : bound;
}
