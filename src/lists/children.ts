/**
 * Finds the executions that an execution has started, in the order of its history. Some were started by its
 * tasks. Others belong to its map runs, and each map run has its own list (flow-list.ts). A request reads a
 * bounded part of the history and asks for a bounded number of children. The next request continues where
 * this one stopped.
 */
import { type ArchiveHead, isFinal } from '../archive/archive-head.ts';
import type { Archive } from '../archive/archive.ts';
import { indexedExecutionOf } from '../archive/index-record.ts';
import { matchesAnyPattern } from '../access/keys/execution-pattern.ts';
import type { Clock } from '../core/clock.ts';
import { type Failure, type Result, ok } from '../core/errors.ts';
import type { MapRunRef } from '../core/execution-arn.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import { flowOf, namesOf } from '../core/flow-ref.ts';
import type { Executions, Reader } from '../executions/executions.ts';
import { PAGE_MESSAGES_MAX } from '../messages/page-messages.ts';
import { decodePage } from '../messages/encoded-page.ts';
import type { Position } from '../messages/cursor.ts';
import type { LineageReader, Started } from '../messages/started-executions.ts';
import { LIST_REQUEST_MS_MAX } from './flow-list.ts';
import { archivedItem, liveItem } from './list-entry.ts';
import type { ListItem, Lists } from './lists.ts';

/**
 * The maximum number of children of tasks that one request describes, plus the map runs that it lists. Each
 * of these costs an upstream call, unless it is archived or was read a moment ago.
 */
export const CHILDREN_ASKED_MAX = 50;
/** How many pages of the history one request reads, of up to 4 MiB each. */
export const CHILDREN_PAGES_MAX = 4;

/**
 * Where to continue: in the history from `from`, after skipping `starts` messages that started a child or a
 * map run. If `after` is present, the next such message started a map run, and the list of that map run
 * continues after this place.
 */
export interface ChildrenPlace {
  /** If absent, start at the beginning of the history. */
  readonly from?: Position;
  readonly starts: number;
  /** The place in the map run's list. */
  readonly after?: string;
}

export interface ChildrenRequest extends Reader {
  /** Only children that match one of these patterns are listed. */
  readonly patterns: readonly string[];
  readonly maxResults: number;
  readonly place: ChildrenPlace;
}

export interface Child extends ListItem {
  /** The parent's state that started the child. */
  readonly step?: string;
}

export interface ChildrenPage {
  readonly executions: readonly Child[];
  readonly next?: ChildrenPlace;
  /** True if some children are missing because they could not be read. */
  readonly partial?: true;
  readonly upstreamCalls: number;
}

export type Children = (
  parent: ExecutionRef,
  request: ChildrenRequest,
  signal?: AbortSignal,
) => Promise<Result<ChildrenPage>>;

export interface ChildrenOptions {
  readonly executions: Pick<Executions, 'page' | 'describe'>;
  readonly lists: Pick<Lists, 'page'>;
  readonly archive: Pick<Archive, 'find'>;
  readonly lineage: LineageReader;
  readonly clock: Clock;
}

export const createChildren =
  (options: ChildrenOptions): Children =>
  (parent, request, signal) =>
    new Search(options, parent, request, signal).page();

/** A message about the start of an execution or map run: what was started, and the state that started it. */
interface Start {
  readonly started: Started;
  readonly step: Pick<Child, 'step'>;
}

interface TaskStart extends Start {
  readonly started: ExecutionRef;
}

/** The search of one request, with the children found so far. */
class Search {
  readonly #options: ChildrenOptions;
  readonly #parent: ExecutionRef;
  readonly #request: ChildrenRequest;
  readonly #signal: AbortSignal | undefined;
  readonly #found: Child[] = [];
  #asked = 0;
  #upstreamCalls = 0;
  #isPartial = false;
  /** After this time, in clock milliseconds, the search stops. */
  readonly #untilMs: number;
  #hasLooked = false;

  constructor(
    options: ChildrenOptions,
    parent: ExecutionRef,
    request: ChildrenRequest,
    signal: AbortSignal | undefined,
  ) {
    this.#options = options;
    this.#parent = parent;
    this.#request = request;
    this.#signal = signal;
    this.#untilMs = options.clock.now() + LIST_REQUEST_MS_MAX;
  }

  async page(): Promise<Result<ChildrenPage>> {
    let { place } = this.#request;
    for (let pages = 0; pages < CHILDREN_PAGES_MAX; pages++) {
      const read = await this.#read(place.from);
      // Return the children found so far. If the failure persists, the next request reports it.
      if (!read.ok) return pages > 0 ? ok(this.#answer(place)) : read;
      const { found, next, more } = read.value;
      for (let starts = place.starts; starts < found.length;) {
        if (this.#isFull) return ok(this.#answer({ ...place, starts }));
        this.#hasLooked = true;
        const after = starts === place.starts ? place.after : undefined;
        const [first] = found.slice(starts);
        if (first && 'mapRunArn' in first.started) {
          const rest = await this.#addMapRun(first.started, first.step, after);
          if (rest !== undefined) return ok(this.#answer({ ...place, starts, after: rest }));
          starts++;
        } else {
          const tasks = tasksAtFront(found.slice(starts, starts + this.#room));
          await this.#addTasks(tasks);
          starts += tasks.length;
        }
      }
      place = { from: next, starts: 0 };
      if (!more) return ok(this.#answer(undefined));
    }
    return ok(this.#answer(place));
  }

  get #reader(): Reader {
    const { keyId, tenant, streamLimit, totalStreamLimit } = this.#request;
    return { keyId, tenant, streamLimit, totalStreamLimit };
  }

  get #isFull(): boolean {
    return this.#room <= 0 || (this.#hasLooked && this.#options.clock.now() >= this.#untilMs);
  }

  get #room(): number {
    return Math.min(this.#request.maxResults - this.#found.length, CHILDREN_ASKED_MAX - this.#asked);
  }

  #answer(place: ChildrenPlace | undefined): ChildrenPage {
    return {
      executions: this.#found,
      ...(place && { next: place }),
      ...(this.#isPartial && { partial: true }),
      upstreamCalls: this.#upstreamCalls,
    };
  }

  /** Reads the messages that start an execution or map run, beginning at a position. */
  async #read(from: Position | undefined) {
    const { executions, lineage } = this.#options;
    const page = await executions.page(
      this.#parent,
      {
        from: from ? { at: 'position', ...from } : { at: 'start' },
        maxResults: PAGE_MESSAGES_MAX,
        eventTypes: lineage.startTypes,
        // Reading full payloads here is safe: only execution ids are taken from them, and the caller sees
        // only ids that its key may read.
        payloads: 'full',
        waitMs: 0,
        ...this.#reader,
      },
      this.#signal && { signal: this.#signal },
    );
    if (!page.ok) return page;
    this.#upstreamCalls += page.value.served.upstreamCalls;
    const found = decodePage(page.value).messages.flatMap((message): Start[] => {
      const started = lineage.started(message);
      const { step } = message;
      return started ? [{ started, step: { ...(step !== undefined && { step }) } }] : [];
    });
    return ok({ found, next: page.value.next, more: page.value.more });
  }

  /**
   * Adds the executions of a map run. Returns the place in its list to continue after, or undefined if the
   * list is complete or could not be read.
   */
  async #addMapRun(
    mapRun: MapRunRef,
    step: Start['step'],
    after: string | undefined,
  ): Promise<string | undefined> {
    const { patterns, tenant, maxResults } = this.#request;
    this.#asked++;
    const list = await this.#options.lists.page(
      {
        of: { source: this.#parent.source, ...mapRun },
        patterns,
        tenant,
        maxResults: maxResults - this.#found.length,
        ...(after !== undefined && { after }),
      },
      this.#signal,
    );
    if (!list.ok) {
      this.#note(list.failure);
      return undefined;
    }
    const { executions, next, partial, upstreamCalls } = list.value;
    this.#upstreamCalls += upstreamCalls;
    this.#isPartial ||= partial === true;
    this.#found.push(...executions.map((item) => ({ ...item, ...step })));
    return next;
  }

  async #addTasks(tasks: readonly TaskStart[]): Promise<void> {
    const children = await Promise.all(tasks.map((task) => this.#childOf(task)));
    this.#found.push(...children.filter((child) => child !== undefined));
  }

  async #childOf({ started, step }: TaskStart): Promise<Child | undefined> {
    if (!matchesAnyPattern(this.#request.patterns, started.executionId)) return undefined;
    // Executions of EXPRESS state machines have no history.
    if (!flowOf(started)) return undefined;
    const item = await this.#itemOf(started);
    return item && { ...item, ...step };
  }

  async #itemOf(ref: ExecutionRef): Promise<ListItem | undefined> {
    const { archive, executions, clock } = this.#options;
    const itemIn = (head: ArchiveHead) => archivedItem(indexedExecutionOf(ref, head), clock.now());
    const archived = await archive.find(ref);
    if (archived && isFinal(archived.head, clock.now())) return itemIn(archived.head);
    this.#asked++;
    const described = await executions.describe(ref, { withData: false, ...this.#reader }, this.#signal);
    if (!described.ok) {
      this.#note(described.failure);
      return archived && itemIn(archived.head);
    }
    this.#upstreamCalls += described.value.served.upstreamCalls;
    if (described.value.by === 'archive') return itemIn(described.value.head);
    const { executionId, source } = ref;
    return liveItem(source, { executionId, ...namesOf(ref), ...described.value.facts });
  }

  /**
   * Marks the page as partial after a failure, unless neither the archive nor the source knows the child any
   * more.
   */
  #note(failure: Failure): void {
    this.#isPartial ||= failure.type !== 'upstream-not-found';
  }
}

/** Returns the starts of executions that come before the first map run. */
function tasksAtFront(starts: readonly Start[]): readonly TaskStart[] {
  const mapRunAt = starts.findIndex(({ started }) => 'mapRunArn' in started);
  // Safety: every start is either a map run or an execution.
  return (mapRunAt === -1 ? starts : starts.slice(0, mapRunAt)) as readonly TaskStart[];
}
