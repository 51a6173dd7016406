/**
 * Caches full pages of executions that are not archived, for one isolate, so that their Executions are not
 * asked again for a short time (docs/decisions/0013-full-pages-are-remembered-for-a-second.md). A full page
 * has as many messages as were requested, and more follow. Histories only grow, so its messages and its
 * cursor stay the same. Only `status` may change.
 *
 * As for any page, each request is first authenticated, and the archive is checked.
 */
import type { Clock } from '../../core/clock.ts';
import { type ExecutionRef, executionName } from '../../core/execution-ref.ts';
import { LruMap } from '../../core/lru-map.ts';
import { encodedPageBytes } from '../../messages/encoded-page.ts';
import type { Status } from '../../messages/event-types.ts';
import type { PageAnswer, PageRequest } from '../executions.ts';
import { pageKey } from './page-key.ts';

/** How long a full page is cached. `hit; detail=live` promises a page read within the last second. */
export const FULL_PAGE_FRESH_MS = 1_000;
/** About 100 pages of 40 KB. Readers share only a few pages at any moment. */
export const FULL_PAGES_BYTES_MAX = 4 * 1024 * 1024;
/** About 100 bytes each. */
const EXECUTIONS_MAX = 2_000;

export class FullPages {
  readonly #pages: LruMap<string, PageAnswer>;
  /** The status in the last answer of each Execution. Cached pages with another status are outdated. */
  readonly #statuses: LruMap<string, { readonly status: Status | undefined }>;

  constructor(clock: Clock) {
    const age = { maxAgeMs: FULL_PAGE_FRESH_MS, now: () => clock.now() };
    const sizeOf = (page: PageAnswer) => encodedPageBytes(page);
    this.#pages = new LruMap({ maxSize: FULL_PAGES_BYTES_MAX, sizeOf, ...age });
    this.#statuses = new LruMap({ max: EXECUTIONS_MAX, ...age });
  }

  get(ref: ExecutionRef, request: PageRequest): PageAnswer | undefined {
    // A waiting request needs a slot of the Execution, so only the Execution can answer it.
    if (request.waitMs > 0) return undefined;
    const known = this.#statuses.get(executionName(ref));
    const page = known && this.#pages.get(keyOf(ref, request));
    return page?.status === known?.status ? page : undefined;
  }

  /** Records a page that the Execution has just returned. */
  add(ref: ExecutionRef, request: PageRequest, page: PageAnswer): void {
    this.seen(ref, page.status);
    // Do not cache a page from a redrivable archive: its `served.layer` tells where the archive was read
    // from, which may differ for the next reader.
    if (!page.full || page.served.layer !== 'live') return;
    const served = { ...page.served, forward: 'hit', upstreamCalls: 0 } as const;
    this.#pages.set(keyOf(ref, request), { ...page, served });
  }

  /** Records a status that the Execution has just returned. */
  seen(ref: ExecutionRef, status: Status | undefined): void {
    this.#statuses.set(executionName(ref), { status });
  }

  /** Call this when the history was deleted or replaced. */
  forget(ref: ExecutionRef): void {
    this.#statuses.delete(executionName(ref));
  }
}

function keyOf(ref: ExecutionRef, request: PageRequest): string {
  const { page, filter } = pageKey(request);
  return `${executionName(ref)}\n${page}?${filter}`;
}
