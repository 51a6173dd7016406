/**
 * For live lists: reads the newest executions of a flow. These are the upstream's newest page, plus recent
 * executions that only the archive has.
 */
import { positionBefore } from '../archive/order-key.ts';
import type { Clock } from '../core/clock.ts';
import { type Result, type SourceFailure, ok } from '../core/errors.ts';
import type { CallOptions } from '../sources/source.ts';
import type { ArchivedFacts } from './archived-facts.ts';
import { archivedEntryOf, itemOf, type LiveEntry } from './list-entry.ts';
import type { ListItem } from './lists.ts';
import { hasNoList } from './upstream-failures.ts';
import { OLDEST_FIRST_PAGES_MAX, type UpstreamList } from './upstream-list.ts';

/** A poll reuses a page that another request read at most this long ago. */
const POLL_FRESH_MS = 1_000;
/** Sorts after all positions. */
const END = '~';

export interface NewestExecutions {
  /** In the order of lists, with any status. */
  readonly executions: readonly ListItem[];
  /** Whether older executions exist. */
  readonly hasMore: boolean;
}

export interface NewestListOptions {
  readonly upstream: UpstreamList | undefined;
  readonly archived: ArchivedFacts;
  readonly clock: Clock;
}

export class NewestList {
  readonly #options: NewestListOptions;

  constructor(options: NewestListOptions) {
    this.#options = options;
  }

  async read(call: CallOptions): Promise<Result<NewestExecutions>> {
    const { archived, clock } = this.#options;
    const live = await this.#live(call);
    if (!live.ok) return live;
    const kept = await archived.newest();
    const knownTo = live.value.knownTo < (kept.next ?? END) ? live.value.knownTo : (kept.next ?? END);
    const now = clock.now();
    const items = new Map<string, { readonly key: string; readonly item: ListItem | undefined }>();
    for (const execution of kept.executions) {
      const { key } = archivedEntryOf(execution);
      items.set(execution.executionId, { key, item: itemOf(undefined, execution, now) });
    }
    for (const entry of live.value.entries) {
      const id = entry.item.flowExecutionId;
      items.set(id, { key: entry.key, item: itemOf(entry, archived.of(id), now) });
    }
    const listed = [...items.values()].filter(({ key }) => key <= knownTo);
    listed.sort((a, b) => (a.key < b.key ? -1 : 1));
    return ok({ executions: listed.flatMap(({ item }) => item ?? []), hasMore: knownTo !== END });
  }

  /** Reads the upstream's newest page. `knownTo` is the position up to which it is complete. */
  async #live(
    call: CallOptions,
  ): Promise<Result<{ entries: readonly LiveEntry[]; knownTo: string }, SourceFailure>> {
    const { upstream, clock } = this.#options;
    if (!upstream) return ok({ entries: [], knownTo: END });
    const { onAttempt = () => undefined } = call;
    const terms = { ...call, onAttempt, notBeforeMs: clock.now() - POLL_FRESH_MS };
    const entries: LiveEntry[] = [];
    let token: string | undefined;
    for (let pages = 0; pages < OLDEST_FIRST_PAGES_MAX; pages++) {
      const page = await upstream.page(token, terms);
      if (!page.ok) return hasNoList(page.failure) ? ok({ entries: [], knownTo: END }) : page;
      entries.push(...page.value.entries);
      token = page.value.nextToken;
      if (token === undefined || !page.value.isOldestFirst) break;
    }
    const oldestMs = Math.min(...entries.map(({ startedAtMs }) => startedAtMs));
    return ok({ entries, knownTo: token === undefined ? END : positionBefore(oldestMs) });
  }
}
