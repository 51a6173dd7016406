/**
 * Rereads running executions for live lists, because the end of an execution that started long ago does not
 * show on the newest page.
 *
 * One call lists up to 1,000 running executions, newest start first. Executions that should be in that list
 * but are missing have ended. Each of them is described once, to get its status. Descriptions use the budget
 * of histories, which is ten times that of lists. So if only a few executions run, they are described without
 * listing. If more than a page of executions run, each reading takes the next page. Then the end of one of
 * the oldest is noticed after as many polls as there are pages.
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

/** The upstream's name of this status. */
export const RUNNING = 'RUNNING';
/** Up to this many running executions are described one by one, without a list. */
export const DESCRIBED_WITHOUT_LIST_MAX = 3;
/** Descriptions of one reading. An alarm on Workers has 40 calls; the others follow at the next poll. */
export const DESCRIBED_AT_ONCE_MAX = 10;
/** An execution that the upstream does not know any more is tried again after this long. */
const GONE_MS = 60_000;
const GONE_MAX = 1_000;

/**
 * Who is charged. The interval between polls leaves room for the calls that list, but not for descriptions.
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
   * The page to read next, the start time of the execution before that page, and the ids of all earlier ones
   * that started at the same time: others of that time may be on the page.
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

  /** The current state of those that could be read, and others that run. */
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
      // The token has expired: starts over.
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
        // The upstream has deleted it, so do not ask again at each poll. After any other failure, the next
        // poll tries again.
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
    // Keep the start time of the list: it decides the place in the list.
    ...timesOf(item.startedAt, endedAt),
    ...(redriveCount !== undefined && { redriveCount }),
  };
}
