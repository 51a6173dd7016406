/** Finds executions: flows, lists, live lists, children. Lists never contain a payload. */
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

/** A state machine, or a Things Graph workflow, whose executions the key may read, all or some. */
export interface Flow {
  /**
   * Names the flow in requests for lists: the ARN of the state machine, or the beginning of its executions'
   * ids.
   */
  readonly flow: string;
  readonly source: string;
  /** Its own name: `SecurityFlow`. */
  readonly name: string;
}

export interface ListedExecution {
  readonly flowExecutionId: string;
  /** Absent: its id belongs to no flow. */
  readonly flow?: string;
  /** Its own name within the flow. */
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
  /** The history can no longer change. */
  readonly final: boolean;
}

/** An execution that another one started. */
export interface ChildExecution extends ListedExecution {
  /** The step that started it. Absent if unknown. */
  readonly step?: string;
}

export interface ExecutionPage {
  /** Newest start first. May be empty even if more follow, since one request searches a bounded part. */
  readonly executions: readonly ListedExecution[];
  readonly nextToken?: string;
  /**
   * The upstream service or the archive could not be read, or older archives are still being indexed: that
   * part is missing.
   */
  readonly partial?: true;
  /** Everything that started later has been searched. */
  readonly searchedBackTo?: string;
}

export interface FlowsOptions {
  readonly signal?: AbortSignal;
}

/** Which executions. */
export interface ExecutionFilter {
  /** May be left out if the key can read only one flow. */
  readonly flow?: string;
  /** In place of `flow`: the executions of this source whose ids belong to no flow (`things-graph`). */
  readonly source?: string;
  readonly status?: Status | readonly Status[];
  readonly namePrefix?: string;
  /** Started at that time or later. ISO 8601, or a Date. */
  readonly startedAfter?: string | Date;
  /** Started before that time. */
  readonly startedBefore?: string | Date;
  /** Executions of a page, or with which a live list begins: 1 to 250; the service's default is 50. */
  readonly maxResults?: number;
}

export interface ExecutionsOptions extends ExecutionFilter {
  /** Continue after this page: its `nextToken`, with the same flow and filters. */
  readonly cursor?: string;
  readonly signal?: AbortSignal;
}

export interface ChildrenOptions {
  readonly maxResults?: number;
  readonly signal?: AbortSignal;
}

/** Iterate it for items, or its `pages()` for pages. Each iteration reads anew. */
export interface PagedList<Item, ItemPage> extends AsyncIterable<Item> {
  pages(): AsyncGenerator<ItemPage, void, void>;
}

export type ExecutionList = PagedList<ListedExecution, ExecutionPage>;
export type ChildList = PagedList<ChildExecution, ChildPage>;

export interface ChildPage extends Omit<ExecutionPage, 'executions'> {
  readonly executions: readonly ChildExecution[];
}

/** All flows. */
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

/** What happens in a live list. It has no end. */
export type ExecutionsEvent =
  /** An execution of the list, a new one, or one that has changed: keep the newest by `flowExecutionId`. */
  | { readonly type: 'execution'; readonly execution: ListedExecution }
  /** The list as it was when the stream was opened is complete. Repeated after each reconnect. */
  | { readonly type: 'caught-up'; readonly partial?: true; readonly searchedBackTo?: string }
  | Heartbeat
  | Reconnecting;

/** Throws the last error when it gives up, or the signal's reason. */
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
    // Safety: objects. The server is trusted for their members, as in a page.
    if (item.name === 'execution') yield { type: 'execution', execution: body as unknown as ListedExecution };
    else if (item.name === 'caught-up') yield { ...(body as object), type: 'caught-up' };
    else if (item.name === 'heartbeat') yield heartbeatOf(body);
  }
}
