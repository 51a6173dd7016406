/** Reads flows, lists of executions, live lists and children. Lists never contain payloads. */
import type { Status } from '../messages/event-types.ts';
import { readEvents } from './event-connection.ts';
import { executionPath } from './execution-path.ts';
import type { Http } from './http.ts';
import { FlowtapConnectionError, parseObject, problemFromText } from './wire/problem.ts';
import {
  type Connection,
  type Heartbeat,
  type Reconnecting,
  heartbeatOf,
  keepReading,
} from './reconnecting.ts';
import { readBody } from './wire/wire.ts';

/** A state machine, or a Things Graph workflow. The key may read all or some of its executions. */
export interface Flow {
  /**
   * Names the flow in requests for lists: the ARN of the state machine, or the common prefix of the
   * workflow's execution ids.
   */
  readonly flow: string;
  readonly source: string;
  /** The flow's own name: `SecurityFlow`. */
  readonly name: string;
}

export interface ListedExecution {
  readonly flowExecutionId: string;
  /** Absent if the id belongs to no flow. */
  readonly flow?: string;
  /** The execution's own name within the flow. */
  readonly name?: string;
  readonly source: string;
  readonly status: Status;
  /** The upstream service's own status, such as `TIMED_OUT`. */
  readonly upstreamStatus?: string;
  /** ISO 8601, UTC. */
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly durationMs?: number;
  readonly redriveCount?: number;
  readonly archived: boolean;
  /** True if the history can no longer change. */
  readonly final: boolean;
}

/** An execution that another one started. */
export interface ChildExecution extends ListedExecution {
  /** The step that started it. Absent if unknown. */
  readonly step?: string;
}

export interface ExecutionPage {
  /**
   * Newest start first. Can be empty even if more pages follow, because one request searches a bounded part
   * of the list.
   */
  readonly executions: readonly ListedExecution[];
  readonly nextToken?: string;
  /**
   * Present if part of the list is missing: the upstream service or the archive could not be read, or older
   * archives are still being indexed.
   */
  readonly partial?: true;
  /** All executions that started after this time have been searched. */
  readonly searchedBackTo?: string;
}

export interface FlowsOptions {
  readonly signal?: AbortSignal;
}

/** Selects the executions of a list. */
export interface ExecutionFilter {
  /** Can be omitted if the key can read only one flow. */
  readonly flow?: string;
  /** Instead of `flow`: lists the executions of this source (`things-graph`) whose ids belong to no flow. */
  readonly source?: string;
  readonly status?: Status | readonly Status[];
  readonly namePrefix?: string;
  /** Started at this time or later. ISO 8601, or a Date. */
  readonly startedAfter?: string | Date;
  /** Started before this time. */
  readonly startedBefore?: string | Date;
  /**
   * The number of executions on a page, or at the beginning of a live list: 1 to 250. The service's default
   * is 50.
   */
  readonly maxResults?: number;
}

export interface ExecutionsOptions extends ExecutionFilter {
  /** Continues after a page. Pass the page's `nextToken`, with the same flow and filters. */
  readonly cursor?: string;
  readonly signal?: AbortSignal;
}

export interface ChildrenOptions {
  readonly maxResults?: number;
  readonly signal?: AbortSignal;
}

/** Iterate the list for items, or `pages()` for pages. Each iteration reads from the service again. */
export interface PagedList<Item, ItemPage> extends AsyncIterable<Item> {
  pages(): AsyncGenerator<ItemPage, void, void>;
}

export type ExecutionList = PagedList<ListedExecution, ExecutionPage>;
export type ChildList = PagedList<ChildExecution, ChildPage>;

export interface ChildPage extends Omit<ExecutionPage, 'executions'> {
  readonly executions: readonly ChildExecution[];
}

/** Reads all pages of the list of flows. */
export async function readFlows(http: Http, { signal }: FlowsOptions = {}): Promise<readonly Flow[]> {
  const flows: Flow[] = [];
  for await (const page of pagesOf<{ flows: readonly Flow[]; nextToken?: string }>(
    http,
    'v1/flows',
    { maxResults: 250 },
    { flows: 'array' },
    signal,
  ))
    flows.push(...page.flows);
  return flows;
}

export function listExecutions(http: Http, options: ExecutionsOptions = {}): ExecutionList {
  const query = { ...filterQuery(options), cursor: options.cursor };
  return paged(() =>
    pagesOf<ExecutionPage>(http, 'v1/executions', query, { executions: 'array' }, options.signal),
  );
}

export function listChildren(http: Http, executionId: string, options: ChildrenOptions = {}): ChildList {
  const { maxResults, signal } = options;
  const path = executionPath(executionId, 'children');
  return paged(() => pagesOf<ChildPage>(http, path, { maxResults }, { executions: 'array' }, signal));
}

function paged<Item, ItemPage extends { readonly executions: readonly Item[] }>(
  pages: () => AsyncGenerator<ItemPage, void, void>,
): PagedList<Item, ItemPage> {
  async function* items(): AsyncGenerator<Item, void, void> {
    for await (const { executions } of pages()) yield* executions;
  }
  return { pages, [Symbol.asyncIterator]: items };
}

type Query = Readonly<Record<string, string | number | undefined>>;

async function* pagesOf<T extends { readonly nextToken?: string }>(
  http: Http,
  path: string,
  query: Query,
  members: Parameters<typeof readBody<T>>[1],
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, void> {
  for (let cursor = query['cursor']; ;) {
    const headers = { Accept: 'application/json' };
    const page = readBody<T>(
      await http.text({ path, query: { ...query, cursor }, headers, signal }),
      members,
    );
    yield page;
    if (page.nextToken === undefined) return;
    cursor = page.nextToken;
  }
}

function filterQuery(filter: ExecutionFilter): Query {
  const { flow, source, status, namePrefix, startedAfter, startedBefore, maxResults } = filter;
  return {
    flow,
    source,
    status: typeof status === 'string' ? status : status?.join(','),
    namePrefix,
    startedAfter: isoOf(startedAfter),
    startedBefore: isoOf(startedBefore),
    maxResults,
  };
}

const isoOf = (time: string | Date | undefined): string | undefined =>
  time instanceof Date ? time.toISOString() : time;

export interface FollowExecutionsOptions extends ExecutionFilter {
  readonly signal?: AbortSignal;
  /** As in `FollowOptions`. */
  readonly giveUpAfterMs?: number;
}

/** An event of a live list. Live lists never end. */
export type ExecutionsEvent =
  /**
   * An execution that is in the list, is new, or has changed. Keep the latest event for each
   * `flowExecutionId`.
   */
  | { readonly type: 'execution'; readonly execution: ListedExecution }
  /**
   * The newest executions that match, at most `maxResults`, have been sent. Repeated after each reconnect.
   */
  | { readonly type: 'caught-up'; readonly partial?: true; readonly searchedBackTo?: string }
  | Heartbeat
  | Reconnecting;

/** Throws the last error when it gives up, or the signal's reason when the signal aborts. */
export function followExecutions(
  http: Http,
  options: FollowExecutionsOptions = {},
): AsyncGenerator<ExecutionsEvent, void, void> {
  return keepReading<Exclude<ExecutionsEvent, Reconnecting>>({
    http,
    signal: options.signal,
    giveUpAfterMs: options.giveUpAfterMs,
    read: (connection) => readOnce(http, options, connection),
    isNews: ({ type }) => type === 'execution',
    isLast: () => false,
  });
}

async function* readOnce(
  http: Http,
  options: FollowExecutionsOptions,
  connection: Connection,
): AsyncGenerator<Exclude<ExecutionsEvent, Reconnecting>, void, void> {
  const request = { path: 'v1/executions', query: filterQuery(options) };
  for await (const item of readEvents(http, request, options.signal)) {
    if (item.type === 'retry') {
      connection.retryMs = item.ms;
      continue;
    }
    if (item.name === 'problem') throw problemFromText(item.data, { status: 503 });
    connection.heard = true;
    const body = parseObject(item.data);
    if (!body)
      throw new FlowtapConnectionError(`The server sent an event '${item.name}' that can't be understood`);
    // Safety: `body` is an object. The server is trusted for its members, as in a page.
    if (item.name === 'execution') yield { type: 'execution', execution: body as unknown as ListedExecution };
    else if (item.name === 'caught-up') yield { ...(body as object), type: 'caught-up' };
    else if (item.name === 'heartbeat') yield heartbeatOf(body);
  }
}
