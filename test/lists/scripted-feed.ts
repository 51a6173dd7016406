/** The list of one flow, controlled by a test. Executions can start, change and end, and the upstream can fail. */
import { orderKey } from '../../src/archive/order-key.ts';
import type { Clock } from '../../src/core/clock.ts';
import { type Failure, type Result, fail, ok } from '../../src/core/errors.ts';
import { matchesFilter } from '../../src/lists/list-filter.ts';
import type { ListFeed } from '../../src/lists/live/list-feed.ts';
import type { NewestExecutions } from '../../src/lists/newest-list.ts';
import type { RereadCalls } from '../../src/lists/running-executions.ts';
import type { ListItem, ListPage, ListRequest } from '../../src/lists/lists.ts';
import { type CallBudget, createCallBudget } from '../../src/sources/call-budget/call-budget.ts';
import type { CallOptions } from '../../src/sources/source.ts';

export const MACHINE = 'arn:aws:states:us-west-2:123456789012:stateMachine:Door';
export const ID_PREFIX = 'arn:aws:states:us-west-2:123456789012:execution:Door:';

export class ScriptedFeed implements ListFeed {
  readonly items = new Map<string, ListItem>();
  /** The size of the newest page. */
  pageSize = 100;
  /** The number of upstream calls for the newest page. `rereadCalls` counts those for running executions. */
  newestCalls = 0;
  rereadCalls = 0;
  failure: Failure | undefined;
  /** How many other lists are followed in the same account. */
  others = 0;
  readonly #budget: CallBudget;

  constructor(clock: Clock) {
    this.#budget = createCallBudget({ clock, callsPerSecond: 2, callsAtOnce: 50 });
  }

  set(name: string, startedAtMs: number, more: Partial<ListItem> = {}): ListItem {
    const flowExecutionId = `${ID_PREFIX}${name}`;
    const startedAt = new Date(startedAtMs).toISOString();
    const item: ListItem = {
      flowExecutionId,
      flow: MACHINE,
      name,
      source: 'step-functions',
      status: 'RUNNING',
      startedAt,
      archived: false,
      final: false,
      ...more,
    };
    this.items.set(flowExecutionId, item);
    return item;
  }

  #sorted(): ListItem[] {
    const key = ({ startedAt, flowExecutionId }: ListItem) => orderKey(startedAt, flowExecutionId);
    return [...this.items.values()].toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  async page(request: ListRequest): Promise<Result<ListPage>> {
    if (this.failure) return fail(this.failure);
    const { after = '', maxResults } = request;
    const rest = this.#sorted().filter(
      (item) => matchesFilter(request, item) && orderKey(item.startedAt, item.flowExecutionId) > after,
    );
    const executions = rest.slice(0, maxResults);
    const last = executions.at(-1);
    return ok({
      executions,
      ...(rest.length > maxResults && last && { next: orderKey(last.startedAt, last.flowExecutionId) }),
      upstreamCalls: 0,
    });
  }

  async newest(call: CallOptions): Promise<Result<NewestExecutions>> {
    this.newestCalls++;
    call.onAttempt?.();
    if (this.failure) return fail(this.failure);
    const sorted = this.#sorted();
    return ok({ executions: sorted.slice(0, this.pageSize), hasMore: sorted.length > this.pageSize });
  }

  async reread(running: readonly ListItem[], { list }: RereadCalls): Promise<Result<readonly ListItem[]>> {
    this.rereadCalls++;
    list.onAttempt?.();
    if (this.failure) return fail(this.failure);
    return ok(running.flatMap(({ flowExecutionId }) => this.items.get(flowExecutionId) ?? []));
  }

  pace(wantedMs: number, _rereads: number, tenants: readonly string[]): number {
    for (let n = 0; n < this.others; n++) this.#budget.pace(`other ${n}`, 2_000, tenants);
    return this.#budget.pace(MACHINE, wantedMs, tenants);
  }
}
