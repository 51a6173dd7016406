/**
 * Full pages of executions that are not archived, one memory per isolate, in front of their Executions. A
 * full page has as many messages as were requested, and more follow. Histories only grow, so its messages and
 * its cursor stay the same; only `status` may change. So the Execution need not be asked for it again for a
 * short time (docs/decisions/0013-full-pages-are-remembered-for-a-second.md).
 *
 * Authentication and the look for an archive come first, for each request, as for any page.
 */
import type { Clock } from '../../core/clock.ts';
import { type ExecutionRef, executionName } from '../../core/execution-ref.ts';
import { LruMap } from '../../core/lru-map.ts';
import { encodedPageBytes } from '../../messages/encoded-page.ts';
import type { Status } from '../../messages/event-types.ts';
import type { PageAnswer, PageRequest } from '../executions.ts';
import { pageKey } from './page-key.ts';

/** The same time for which a last page counts as fresh, and which `hit; detail=live` promises. */
export const FULL_PAGE_FRESH_MS = 1_000;
/** About 100 pages of 40 KB. Readers share only a few pages at any moment. */
export const FULL_PAGES_BYTES_MAX = 4 * 1024 * 1024;
/** About 100 bytes each. */
const EXECUTIONS_MAX = 2_000;

export class FullPages {
  readonly #pages: LruMap<string, PageAnswer>;
  /** The status that each Execution answered last. Remembered pages with another status are outdated. */
  readonly #statuses: LruMap<string, { readonly status: Status | undefined }>;

  constructor(clock: Clock) {
    const age = { maxAgeMs: FULL_PAGE_FRESH_MS, now: () => clock.now() };
    const sizeOf = (page: PageAnswer) => encodedPageBytes(page);
    this.#pages = new LruMap({ maxSize: FULL_PAGES_BYTES_MAX, sizeOf, ...age });
    this.#statuses = new LruMap({ max: EXECUTIONS_MAX, ...age });
  }

  get(ref: ExecutionRef, request: PageRequest): PageAnswer | undefined {
    // A request that waits takes a slot of the Execution, so it is passed on.
    if (request.waitMs > 0) return undefined;
    const known = this.#statuses.get(executionName(ref));
    const page = known && this.#pages.get(keyOf(ref, request));
    return page?.status === known?.status ? page : undefined;
  }

  /** The Execution has just answered with this page. */
  add(ref: ExecutionRef, request: PageRequest, page: PageAnswer): void {
    this.seen(ref, page.status);
    // An answer from a redrivable archive names the memory that it came from. That would be wrong for the
    // second reader.
    if (!page.full || page.served.layer !== 'live') return;
    const served = { ...page.served, forward: 'hit', upstreamCalls: 0 } as const;
    this.#pages.set(keyOf(ref, request), { ...page, served });
  }

  /** The Execution has just answered with this status. */
  seen(ref: ExecutionRef, status: Status | undefined): void {
    this.#statuses.set(executionName(ref), { status });
  }

  /** The history was deleted or replaced. */
  forget(ref: ExecutionRef): void {
    this.#statuses.delete(executionName(ref));
  }
}

function keyOf(ref: ExecutionRef, request: PageRequest): string {
  const { page, filter } = pageKey(request);
  return `${executionName(ref)}\n${page}?${filter}`;
}
