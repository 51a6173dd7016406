/**
 * The executions that an execution has started, in the order of its history: those that its tasks started,
 * and those of its map runs, which are lists of their own (flow-list.ts). A request reads a bounded part of
 * the history and asks for a bounded number of children; the next one continues there.
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
 * Children of tasks that one request describes, and map runs that it lists. Each costs a call, unless it is
 * archived or was read a moment ago.
 */
export const CHILDREN_ASKED_MAX = 50;
/** Pages of the history that one request reads, of 4 MiB each. */
export const CHILDREN_PAGES_MAX = 4;

/**
 * Where to continue in the history: at `from`, behind the first `starts` messages that started a child or a
 * map run. If there is an `after`, the next such message has started a map run, and the list of its
 * executions continues there.
 */
export interface ChildrenPlace {
  /** Absent: at the beginning of the history. */
  readonly from?: Position;
  readonly starts: number;
  /** The place in the list of the map run. */
  readonly after?: string;
}

export interface ChildrenRequest extends Reader {
  /** Only children that one of them matches are listed. */
  readonly patterns: readonly string[];
  readonly maxResults: number;
  readonly place: ChildrenPlace;
}

export interface Child extends ListItem {
  /** The state that started it. */
  readonly step?: string;
}

export interface ChildrenPage {
  readonly executions: readonly Child[];
  readonly next?: ChildrenPlace;
  /** Some children could not be read, and are missing. */
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

/** The execution or map run that a message says was started, and the state that started it. */
interface Start {
  readonly started: Started;
  readonly step: Pick<Child, 'step'>;
}

interface TaskStart extends Start {
  readonly started: ExecutionRef;
}

/** What one request has found so far. */
class Search {
  readonly #options: ChildrenOptions;
  readonly #parent: ExecutionRef;
  readonly #request: ChildrenRequest;
  readonly #signal: AbortSignal | undefined;
  readonly #found: Child[] = [];
  #asked = 0;
  #upstreamCalls = 0;
  #isPartial = false;
  /** Looks at nothing further after this time, in clock milliseconds. */
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
      // Return the children that were found. The next request gets the failure.
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

  /** The messages that start something, from a position on. */
  async #read(from: Position | undefined) {
    const { executions, lineage } = this.#options;
    const page = await executions.page(
      this.#parent,
      {
        from: from ? { at: 'position', ...from } : { at: 'start' },
        maxResults: PAGE_MESSAGES_MAX,
        eventTypes: lineage.startTypes,
        // Only ids of executions are read from payloads, and only those that the key may read are shown.
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

  /** The place in its list to continue after; undefined: all of it was read. */
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
    // An execution of an EXPRESS state machine has no history.
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

  /** A child that neither the archive nor the source knows any more is left out. */
  #note(failure: Failure): void {
    this.#isPartial ||= failure.type !== 'upstream-not-found';
  }
}

/** The executions before the first map run. */
function tasksAtFront(starts: readonly Start[]): readonly TaskStart[] {
  const mapRunAt = starts.findIndex(({ started }) => 'mapRunArn' in started);
  // Safety: what is not a map run is an execution.
  return (mapRunAt === -1 ? starts : starts.slice(0, mapRunAt)) as readonly TaskStart[];
}
