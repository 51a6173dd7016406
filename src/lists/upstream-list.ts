/**
 * One list as its source has it, read in full pages, one call at a time. Readers of the same page share its
 * call, and the page is remembered for a few seconds, a failure too: upstream calls depend on the list, not
 * on its readers.
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

/** How old a page for readers may be, in addition to AWS's own delay. */
export const LIST_FRESH_MS = 2_000;
/** For all lists of an isolate together. About ten full pages. */
export const LIST_PAGES_BYTES_MAX = 16 * 1024 * 1024;
/** An entry with its AWS members, id and ARNs: about 700 characters, and as many objects as members. */
const ENTRY_BYTES = 1_600;
const FAILURES_MAX = 100;
/**
 * Pages of a list that has its oldest executions first. Servers that play AWS have few executions, and no
 * quota.
 */
export const OLDEST_FIRST_PAGES_MAX = 50;

export interface UpstreamListPage {
  /** In upstream order: newest start first. */
  readonly entries: readonly LiveEntry[];
  /**
   * Unlike AWS, stepfunctions-local lists the oldest first. So all its pages must be read to find the newest
   * executions.
   */
  readonly isOldestFirst: boolean;
  readonly nextToken?: string;
  /** When the call began, in clock milliseconds. */
  readonly readAtMs: number;
}

/** Pages of all lists of an isolate. */
export type ListMemory = LruMap<string, UpstreamListPage>;

export const createListMemory = (bytesMax = LIST_PAGES_BYTES_MAX): ListMemory =>
  new LruMap({ maxSize: bytesMax, sizeOf: ({ entries }) => 1_000 + entries.length * ENTRY_BYTES });

/** A page as one request wants it. */
export interface PageTerms extends Omit<CallOptions, 'onAttempt'> {
  /** Called for each request to the upstream because of this one, retries included. */
  readonly onAttempt: () => void;
  /** The page must have been read since then. */
  readonly notBeforeMs: number;
}

/** `left`: no request waited for the call any more, so it was not sent. */
type Outcome = Result<UpstreamListPage, SourceFailure> | 'left';

/** For the page of this token. */
type Call = SharedCall<string | undefined, PageTerms, Outcome>;

export interface UpstreamListOptions {
  readonly source: ListingSource;
  readonly of: ExecutionsQuery['of'];
  /** Only executions with this status of the upstream. */
  readonly upstreamStatus?: string;
  /** Names this list in the memory that all share. */
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

  /** The page of this token; undefined: the newest one. */
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
          // The call may have waited for the budget.
          if (!call.isSent) readAtMs = clock.now();
          call.isSent = true;
          terms.onAttempt();
        },
      },
    );
    const name = this.#nameOf(token);
    if (!result.ok) {
      if (call.abandoned.signal.aborted) return 'left';
      // Concerns this request's tenant only.
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
