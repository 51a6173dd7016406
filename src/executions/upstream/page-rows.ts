/**
 * Page rows: where in the history each upstream page starts, the upstream's token for it, and the fingerprint
 * there. Each full page has a row in the Execution's own storage, so that a restart reads the newest page
 * directly. A row also has the state of the derivation at its start (messages/derive.ts), so that a page in
 * the middle needs no walk from the start of the history.
 */
import * as z from 'zod/mini';

import { WALK_START } from '../../messages/derive.ts';
import { FINGERPRINT, fingerprintAtStart } from '../../messages/fingerprint.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import type { Log } from '../../core/log.ts';
import type { ExecutionStorage } from '../execution-storage.ts';

const rowSchema = z.object({
  start: z.number().check(z.int(), z.nonnegative()),
  fingerprint: z.string().check(z.regex(FINGERPRINT)),
  /** The upstream's token for the page that starts here. Absent: the first page, or see `lost`. */
  token: z.optional(z.string()),
  /** The token has expired: only a walk from an earlier page brings a new one. */
  lost: z.boolean(),
  /** The message before `start`. It gives the status if the last page is empty. */
  before: z.optional(z.object({ eventType: z.optional(z.string()), timestamp: z.optional(z.string()) })),
  /** The state, at `start`, of the walk that derives members. Rows of older versions lack it. */
  walk: z.optional(z.string()),
});

export type PageRow = z.infer<typeof rowSchema> & { readonly walk: string };

/** Fixed width, so that storage lists rows in order. */
const rowKey = (start: number): string => `row/${String(start).padStart(10, '0')}`;

export class PageRows {
  readonly #storage: ExecutionStorage;
  readonly #log: Log;
  readonly #first: PageRow;
  /** Ascending by start; the first one starts at 0 and always exists. */
  #rows: PageRow[];
  /** Where the page of each token starts. */
  readonly #startOf = new Map<string, number>();

  constructor(storage: ExecutionStorage, ref: ExecutionRef, log: Log) {
    this.#storage = storage;
    this.#log = log;
    this.#first = { start: 0, fingerprint: fingerprintAtStart(ref), lost: false, walk: WALK_START };
    this.#rows = [this.#first];
  }

  /** May be called again after a failure. */
  async load(): Promise<void> {
    const rows = [this.#first];
    for (const value of (await this.#storage.list('row/')).values()) {
      const row = z.safeParse(rowSchema, value);
      if (!row.success) {
        // Rows after a damaged one cannot be trusted; the walk finds them again.
        this.#log({ event: 'execution-row-damaged', level: 'warn' });
        break;
      }
      const { start, walk } = row.data;
      if (start === 0) continue;
      // A row of an older version: the walk finds it and those after it again.
      if (walk === undefined) break;
      rows.push({ ...row.data, walk });
    }
    this.#rows = rows;
    this.#startOf.clear();
    for (const { token, start } of rows) if (token !== undefined) this.#startOf.set(token, start);
  }

  /** The last row that starts at or before the position. */
  at(position: number): PageRow {
    let low = 0;
    let high = this.#rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#rows[middle]?.start ?? Infinity) <= position) low = middle;
      else high = middle - 1;
    }
    return this.#rows[low] ?? this.#first;
  }

  /** The row that starts exactly here. */
  startingAt(start: number): PageRow | undefined {
    const row = this.at(start);
    return row.start === start ? row : undefined;
  }

  /** The last row at or before the position whose token is usable. */
  usableAt(position: number): PageRow {
    let row = this.at(position);
    while (row.lost) row = this.at(row.start - 1);
    return row;
  }

  /** Rows after `start`, up to and including `end`. */
  between(start: number, end: number): readonly PageRow[] {
    return this.#rows.filter((row) => row.start > start && row.start <= end);
  }

  /**
   * True if the token is that of the page at `start` or of an earlier page: a walk that follows it would
   * never end.
   */
  leadsBack(token: string | undefined, start: number): boolean {
    return token !== undefined && (this.#startOf.get(token) ?? Infinity) <= start;
  }

  /** Start of the newest known page: the history has at least as many messages. */
  get lastStart(): number {
    return this.#rows.at(-1)?.start ?? 0;
  }

  async put(row: PageRow): Promise<void> {
    const index = this.#rows.findIndex(({ start }) => start >= row.start);
    const known = this.#rows[index];
    if (!known) this.#rows.push(row);
    else if (known.start > row.start) this.#rows.splice(index, 0, row);
    else {
      this.#forgetTokens([known]);
      this.#rows[index] = row;
    }
    if (row.token !== undefined) this.#startOf.set(row.token, row.start);
    await this.#storage.put(rowKey(row.start), row);
  }

  /** Marks the token of this row, and the even older ones of earlier pages, as expired. */
  async loseTokensUpTo(position: number): Promise<void> {
    for (const row of this.#rows.filter(({ start, lost }) => start <= position && !lost)) {
      const { token: _, ...rest } = row;
      if (row.token !== undefined) await this.put({ ...rest, lost: row.start > 0 });
    }
  }

  async dropBehind(position: number): Promise<readonly PageRow[]> {
    const dropped = this.#rows.filter(({ start }) => start > position);
    this.#rows = this.#rows.filter(({ start }) => start <= position);
    this.#forgetTokens(dropped);
    await this.#storage.delete(dropped.map(({ start }) => rowKey(start)));
    return dropped;
  }

  /**
   * Drops rows with expired tokens after `start`, up to and including `end`: a page that was just read covers
   * them.
   */
  async dropLost(start: number, end: number): Promise<void> {
    const dropped = this.between(start, end).filter(({ lost }) => lost);
    if (dropped.length === 0) return;
    this.#rows = this.#rows.filter((row) => !dropped.includes(row));
    await this.#storage.delete(dropped.map((row) => rowKey(row.start)));
  }

  async clear(): Promise<void> {
    const dropped = this.#rows;
    // Set first, so that a concurrent read always finds the first row.
    this.#rows = [this.#first];
    this.#startOf.clear();
    await this.#storage.delete(dropped.map(({ start }) => rowKey(start)));
  }

  #forgetTokens(rows: readonly PageRow[]): void {
    for (const { token } of rows) if (token !== undefined) this.#startOf.delete(token);
  }
}
