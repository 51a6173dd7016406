/**
 * Reads the live executions of a flow after a given position, page by page from the upstream's list, for one
 * request. The upstream orders executions with the same start time arbitrarily. So all executions of one
 * start time are known only when an older execution has been read. Pages can overlap, so repeated ids are
 * skipped.
 */
import { TOKEN_LOSSES_MAX } from '../executions/upstream/upstream-history.ts';
import { positionBefore, startedAtMsOf } from '../archive/order-key.ts';
import type { Clock } from '../core/clock.ts';
import type { SourceFailure } from '../core/errors.ts';
import type { LiveEntry } from './list-entry.ts';
import type { Next, PartRange } from './list-part.ts';
import type { ListRow, ListRows } from './list-rows.ts';
import { hasNoList, isBrief, isRefusal } from './upstream-failures.ts';
import {
  OLDEST_FIRST_PAGES_MAX,
  type PageTerms,
  type UpstreamList,
  type UpstreamListPage,
} from './upstream-list.ts';

/**
 * How many upstream pages of 1,000 executions one request reads. At two calls per second, this uses up an
 * account's budget of list calls for five seconds.
 */
export const LIST_PAGES_MAX = 10;

export interface LivePartOptions extends PartRange {
  readonly list: UpstreamList;
  readonly rows: ListRows;
  readonly clock: Clock;
  readonly terms: PageTerms;
}

export class LivePart {
  readonly #options: LivePartOptions;
  /**
   * Entries before `#knownTo` that were not yet taken, in reverse order, so that `pop` takes the next one.
   */
  #ready: LiveEntry[] = [];
  /**
   * Entries with the oldest start time read so far. They wait, because the next page might have more with
   * that time.
   */
  #tied: LiveEntry[] = [];
  readonly #ids = new Set<string>();
  #knownTo: string;
  /**
   * The page to read next. `row` is undefined for the newest page. If `#at` itself is undefined, the next
   * read starts at the row nearest to `#knownTo`.
   */
  #at: { readonly row: ListRow | undefined } | undefined;
  #hasEnded = false;
  #pagesRead = 0;
  #losses = 0;
  /** Cached pages older than this are not used, because they contain expired tokens. */
  #notBeforeMs: number;
  #walkedTo = '';
  #refusal: SourceFailure | undefined;
  #missing = false;
  #isOldestFirst = false;

  constructor(options: LivePartOptions) {
    this.#options = options;
    this.#knownTo = options.after;
    this.#notBeforeMs = options.terms.notBeforeMs;
    // Executions without a start time come last in the list. Every live execution has a start time, so none
    // can follow such a position.
    this.#hasEnded = startedAtMsOf(options.after) === undefined;
  }

  /** The upstream's failure if it does not have this list. */
  get refusal(): SourceFailure | undefined {
    return this.#refusal;
  }

  /** True if the upstream could not be read at all. */
  get missing(): boolean {
    return this.#missing;
  }

  get mayHaveMore(): boolean {
    return this.#ready.length > 0 || !this.#hasEnded;
  }

  /**
   * The position that the walk has reached. Can still be before `after`, if the walk needs more pages than
   * one request reads.
   */
  get walkedTo(): string {
    return this.#walkedTo;
  }

  /** Whether this execution was among the entries read, even if it is before the request's beginning. */
  has(executionId: string): boolean {
    return this.#ids.has(executionId);
  }

  take(): void {
    this.#ready.pop();
  }

  async peek(): Promise<Next<LiveEntry>> {
    const { untilMs, clock } = this.#options;
    for (;;) {
      const entry = this.#ready.at(-1);
      if (entry) return { at: 'entry', entry };
      if (this.#hasEnded) return { at: 'end' };
      const pagesMax = this.#isOldestFirst ? OLDEST_FIRST_PAGES_MAX : LIST_PAGES_MAX;
      if (this.#pagesRead >= pagesMax || (this.#pagesRead > 0 && clock.now() >= untilMs))
        return { at: 'unread', position: this.#knownTo };
      const failure = await this.#read();
      if (failure) {
        if (!this.#endsWith(failure)) return { at: 'unread', position: this.#knownTo, failure };
        this.#hasEnded = true;
      }
    }
  }

  /** Whether to end the live part because of this failure, so that only the archived part is listed. */
  #endsWith(failure: SourceFailure): boolean {
    if (hasNoList(failure)) {
      this.#refusal = failure;
      return true;
    }
    // If a part of the list has been read, return a short page. The next request will see if the upstream is
    // still down.
    if (isBrief(failure) || this.#knownTo > this.#options.after) return false;
    this.#missing = true;
    return true;
  }

  async #read(): Promise<SourceFailure | undefined> {
    const { list, rows, terms } = this.#options;
    const knownToMs = startedAtMsOf(this.#knownTo) ?? -Infinity;
    this.#at ??= { row: this.#knownTo === '' ? undefined : rows.before(knownToMs) };
    const { row } = this.#at;
    const page = await list.page(row?.token, { ...terms, notBeforeMs: this.#notBeforeMs });
    if (page.ok) {
      await this.#accept(page.value, row);
      return undefined;
    }
    const { failure } = page;
    if (!row || !isRefusal(failure) || this.#losses >= TOKEN_LOSSES_MAX) return failure;
    // The token has expired. Walk again from the nearest row whose token was issued later.
    this.#losses++;
    await rows.expireUpTo(row.issuedAtMs);
    this.#notBeforeMs = row.issuedAtMs + 1;
    this.#at = undefined;
    return undefined;
  }

  async #accept(page: UpstreamListPage, row: ListRow | undefined): Promise<void> {
    const { entries, nextToken, readAtMs } = page;
    const { startedAfterMs = -Infinity, rows } = this.#options;
    this.#pagesRead++;
    this.#isOldestFirst ||= page.isOldestFirst;
    const before = row?.startedAtMs ?? Infinity;
    const oldestMs = entries.reduce((oldest, { startedAtMs }) => Math.min(oldest, startedAtMs), before);
    if (before < Infinity && row && !this.#isOldestFirst) await rows.put(row, oldestMs);
    const isLast = nextToken === undefined;
    const found = [
      ...this.#tied,
      ...entries.filter((entry) => this.#isNew(entry) && entry.key > this.#knownTo),
    ];
    const isComplete = ({ startedAtMs }: LiveEntry) =>
      isLast || (startedAtMs > oldestMs && !this.#isOldestFirst);
    const complete = found.filter(isComplete).sort((a, b) => (a.key > b.key ? -1 : 1));
    this.#tied = found.filter((entry) => !isComplete(entry));
    // This loses no entries, because `peek` reads only after all previous ones were taken.
    this.#ready = complete.filter(({ startedAtMs }) => startedAtMs >= startedAfterMs);
    this.#hasEnded = isLast || (oldestMs < startedAfterMs && !this.#isOldestFirst);
    if (oldestMs < Infinity && !this.#isOldestFirst) this.#walkedTo = positionBefore(oldestMs);
    if (this.#walkedTo > this.#knownTo) this.#knownTo = this.#walkedTo;
    if (nextToken !== undefined) {
      this.#at = { row: { startedAtMs: oldestMs, token: nextToken, issuedAtMs: readAtMs } };
    }
  }

  #isNew({ item: { flowExecutionId } }: LiveEntry): boolean {
    if (this.#ids.has(flowExecutionId)) return false;
    this.#ids.add(flowExecutionId);
    return true;
  }
}
