/**
 * One list of the upstream, read in full pages, one call at a time. Requests for the same page share one
 * call. Its result, even a failure, is cached for a few seconds. So the number of upstream calls does not
 * grow with the number of readers.
 */
import type { Clock } from '../core/clock.ts';
import { type Result, type SourceFailure, fail, ok } from '../core/errors.ts';
import { exceptionText } from '../core/exception-text.ts';
import { isMapRunChild } from '../core/flow-ref.ts';
import { LruMap } from '../core/lru-map.ts';
import type { ExecutionsQuery, ListingSource } from '../sources/listing-source.ts';
import { type SharedCall, SharedCalls, isOthersShare } from '../sources/shared-calls.ts';
import type { CallOptions } from '../sources/source.ts';
import { type LiveEntry, liveEntryOf } from './list-entry.ts';

/** The maximum age of a page that readers get. AWS's own delay is additional. */
export const LIST_FRESH_MS = 2_000;
/** The cache's size for all lists of an isolate together. About ten full pages. */
export const LIST_PAGES_BYTES_MAX = 16 * 1024 * 1024;
/**
 * The estimated memory of an entry. Its AWS members, id and ARNs have about 700 characters. The rest is for
 * the objects that hold them.
 */
const ENTRY_BYTES = 1_600;
const FAILURES_MAX = 100;
/**
 * How many pages are read of a list that begins with its oldest executions. Only emulators of AWS return such
 * lists. They have few executions and no quota.
 */
export const OLDEST_FIRST_PAGES_MAX = 50;

export interface UpstreamListPage {
  /** In upstream order: newest start first. */
  readonly entries: readonly LiveEntry[];
  /**
   * True if the list begins with its oldest executions. Unlike AWS, stepfunctions-local returns such lists.
   * Finding the newest executions then requires reading all pages.
   */
  readonly isOldestFirst: boolean;
  readonly nextToken?: string;
  /** When the call was sent, in clock milliseconds. */
  readonly readAtMs: number;
}

/** The cached pages of all lists in an isolate. */
export type ListMemory = LruMap<string, UpstreamListPage>;

export const createListMemory = (bytesMax = LIST_PAGES_BYTES_MAX): ListMemory =>
  new LruMap({ maxSize: bytesMax, sizeOf: ({ entries }) => 1_000 + entries.length * ENTRY_BYTES });

/** One request's requirements for a page. */
export interface PageTerms extends Omit<CallOptions, 'onAttempt'> {
  /** Called for each upstream call that this request causes, including retries. */
  readonly onAttempt: () => void;
  /** The page must have been read at this time or later. */
  readonly notBeforeMs: number;
}

/** `left` means that the call was not sent, because no request was waiting for it any more. */
type Outcome = Result<UpstreamListPage, SourceFailure> | 'left';

/** A call for the page with this token. */
type Call = SharedCall<string | undefined, PageTerms, Outcome>;

export interface UpstreamListOptions {
  readonly source: ListingSource;
  readonly of: ExecutionsQuery['of'];
  /** If present, lists only executions with this upstream status. */
  readonly upstreamStatus?: string;
  /** Identifies this list in the shared cache. */
  readonly name: string;
  readonly memory: ListMemory;
  readonly clock: Clock;
}

export class UpstreamList {
  readonly #options: UpstreamListOptions;
  readonly #failures: LruMap<string, { readonly failure: SourceFailure; readonly atMs: number }>;
  readonly #calls: SharedCalls<string | undefined, PageTerms, Outcome>;

  constructor(options: UpstreamListOptions) {
    this.#options = options;
    this.#failures = new LruMap({ max: FAILURES_MAX });
    this.#calls = new SharedCalls((call) => this.#fetchSafely(call));
  }

  /** Returns the page with this token, or the newest page if the token is undefined. */
  async page(token: string | undefined, terms: PageTerms): Promise<Result<UpstreamListPage, SourceFailure>> {
    const { memory, source, of } = this.#options;
    const name = this.#nameOf(token);
    for (;;) {
      const page = memory.get(name);
      if (page && page.readAtMs >= terms.notBeforeMs) return ok(page);
      const failed = this.#failures.get(name);
      if (failed && failed.atMs >= terms.notBeforeMs) return fail(failed.failure);
      if (terms.signal?.aborted)
        return fail({ type: 'upstream-unfinished', internal: 'its caller has left' });
      const { call } = this.#calls.request(token, terms);
      source.raisePriority?.(of, terms.origin);
      const outcome = await this.#calls.outcome(call, terms.signal);
      if (outcome === 'left' || isOthersShare(outcome, call.cause.origin, terms.origin)) continue;
      return outcome;
    }
  }

  #nameOf(token: string | undefined): string {
    return `${this.#options.name} ${token ?? ''}`;
  }

  async #fetchSafely(call: Call): Promise<Outcome> {
    try {
      return await this.#fetch(call);
    } catch (error) {
      return fail({ type: 'upstream-broken', internal: `reading a list threw: ${exceptionText(error)}` });
    }
  }

  async #fetch(call: Call): Promise<Outcome> {
    const { source, of, upstreamStatus, memory, clock } = this.#options;
    const { wanted: token, cause: terms } = call;
    let readAtMs = clock.now();
    const result = await source.listExecutions(
      {
        of,
        limit: source.pageSizeMax,
        ...(token !== undefined && { token }),
        ...(upstreamStatus !== undefined && { upstreamStatus }),
      },
      {
        origin: terms.origin,
        signal: call.abandoned.signal,
        onAttempt: () => {
          // The call might have waited for its budget, so take the time when it is sent.
          if (!call.isSent) readAtMs = clock.now();
          call.isSent = true;
          terms.onAttempt();
        },
      },
    );
    const name = this.#nameOf(token);
    if (!result.ok) {
      if (call.abandoned.signal.aborted) return 'left';
      // Do not cache a failure that concerns only this request's tenant.
      if (result.failure.type !== 'upstream-share-exceeded')
        this.#failures.set(name, { failure: result.failure, atMs: readAtMs });
      return result;
    }
    const { executions, nextToken } = result.value;
    const entries = executions
      .filter((execution) => 'mapRunArn' in of || !isMapRunChild(execution))
      .map((execution) => liveEntryOf(source.name, execution));
    const [first, last] = [entries[0]?.startedAtMs ?? 0, entries.at(-1)?.startedAtMs ?? 0];
    const page: UpstreamListPage = {
      entries,
      isOldestFirst: first < last,
      ...(nextToken !== undefined && { nextToken }),
      readAtMs,
    };
    this.#failures.delete(name);
    memory.set(name, page);
    return ok(page);
  }
}
