/**
 * Rereads running executions for live lists. This is needed because an execution that started long ago is not
 * on the newest page, so its end would go unnoticed.
 *
 * One call lists up to 1,000 running executions, newest start first. Followed executions that are missing
 * from that list have ended. Each of them is described once, to get its final status. Descriptions use the
 * budget of histories, which is much larger than that of lists. So if only a few executions are running, they
 * are described without listing. If more than 1,000 are running, each poll reads the next page in turn. In
 * that case, it can take as many polls as there are pages until an end is noticed.
 */
import type { Clock } from '../core/clock.ts';
import { parseExecutionRef } from '../core/execution-ref.ts';
import { type Result, type SourceFailure, ok } from '../core/errors.ts';
import { LruMap } from '../core/lru-map.ts';
import type { CallOptions, Source, SourceDescription } from '../sources/source.ts';
import { timesOf } from './list-entry.ts';
import type { ListItem } from './lists.ts';
import { isRefusal } from './upstream-failures.ts';
import { UpstreamList, type UpstreamListOptions } from './upstream-list.ts';

/** The upstream status of running executions. */
export const RUNNING = 'RUNNING';
/** Up to this many running executions are described one by one instead of being listed. */
export const DESCRIBED_WITHOUT_LIST_MAX = 3;
/**
 * How many executions one poll describes. The next poll describes the others. An alarm on Workers may make
 * only 40 calls, which is enough for a few such polls.
 */
export const DESCRIBED_AT_ONCE_MAX = 10;
/** If the upstream no longer knows an execution, wait this long before asking about it again. */
const GONE_MS = 60_000;
const GONE_MAX = 1_000;

/**
 * Separate call options for both kinds of calls. The poll interval reserves budget for list calls, but not
 * for descriptions.
 */
export interface RereadCalls {
  readonly list: CallOptions;
  readonly describe: CallOptions;
}

export interface RunningExecutionsOptions extends Omit<UpstreamListOptions, 'upstreamStatus'> {
  readonly describe?: Source['describe'];
}

export class RunningExecutions {
  readonly #list: UpstreamList;
  readonly #describe: Source['describe'];
  readonly #clock: Clock;
  readonly #gone: LruMap<string, true>;
  /**
   * The page to read next: its token, and the start time of the execution just before it. `tied` has the ids
   * of all executions on earlier pages with that start time, because the page might begin with more
   * executions of that time.
   */
  #at: { readonly token: string; readonly startedAtMs: number; readonly tied: readonly string[] } | undefined;

  constructor(options: RunningExecutionsOptions) {
    const { describe, clock } = options;
    this.#list = new UpstreamList({ ...options, upstreamStatus: RUNNING, name: `${options.name} running` });
    this.#describe = describe;
    this.#clock = clock;
    this.#gone = new LruMap({
      max: GONE_MAX,
      maxAgeMs: GONE_MS,
      now: () => clock.now(),
    });
  }

  /**
   * Returns the current state of the given executions, except those that could not be read. Can include other
   * running executions.
   */
  async reread(
    running: readonly ListItem[],
    calls: RereadCalls,
  ): Promise<Result<readonly ListItem[], SourceFailure>> {
    if (running.length <= DESCRIBED_WITHOUT_LIST_MAX && this.#describe) {
      return ok(await this.#described(running, calls.describe));
    }
    const at = this.#at;
    const { onAttempt = () => undefined } = calls.list;
    const page = await this.#list.page(at?.token, {
      ...calls.list,
      onAttempt,
      notBeforeMs: this.#clock.now(),
    });
    if (!page.ok) {
      this.#at = undefined;
      // If the token has expired, start over at the first page.
      return at && isRefusal(page.failure) ? this.reread(running, calls) : page;
    }
    const { entries, nextToken } = page.value;
    const endsAtMs =
      nextToken === undefined ? -Infinity : Math.min(...entries.map(({ startedAtMs }) => startedAtMs));
    const listed = new Set([...(at?.tied ?? []), ...entries.map(({ item }) => item.flowExecutionId)]);
    const tied = entries.filter(({ startedAtMs }) => startedAtMs === endsAtMs);
    this.#at =
      nextToken === undefined
        ? undefined
        : {
            token: nextToken,
            startedAtMs: endsAtMs,
            tied: [
              ...(at?.startedAtMs === endsAtMs ? at.tied : []),
              ...tied.map(({ item }) => item.flowExecutionId),
            ],
          };
    const ended = running.filter(({ startedAt, flowExecutionId }) => {
      const startedAtMs = Date.parse(startedAt ?? '');
      const isInRange = startedAtMs <= (at?.startedAtMs ?? Infinity) && startedAtMs > endsAtMs;
      return isInRange && !listed.has(flowExecutionId);
    });
    return ok([...entries.map(({ item }) => item), ...(await this.#described(ended, calls.describe))]);
  }

  async #described(items: readonly ListItem[], call: CallOptions): Promise<readonly ListItem[]> {
    const wanted = items.filter(({ flowExecutionId }) => !this.#gone.has(flowExecutionId));
    const described = await Promise.all(
      wanted.slice(0, DESCRIBED_AT_ONCE_MAX).map(async (item) => {
        const description = await this.#describe?.(parseExecutionRef(item.flowExecutionId), call);
        if (description?.ok) return itemAsDescribed(item, description.value);
        // The upstream has deleted the execution, so do not ask again at each poll. After other failures, the
        // next poll retries.
        if (description?.failure.type === 'upstream-not-found') this.#gone.set(item.flowExecutionId, true);
        return undefined;
      }),
    );
    return described.filter((item) => item !== undefined);
  }
}

function itemAsDescribed(
  item: ListItem,
  { status = item.status, upstreamStatus, endedAt, redriveCount }: SourceDescription,
): ListItem {
  const { endedAt: _ended, durationMs: _duration, upstreamStatus: _status, ...lasting } = item;
  return {
    ...lasting,
    status,
    upstreamStatus,
    // Keep the start time from the list, because it decides the execution's place in the list.
    ...timesOf(item.startedAt, endedAt),
    ...(redriveCount !== undefined && { redriveCount }),
  };
}
