/**
 * A page row stores the position at which an upstream page starts, the upstream's token for the page, and the
 * fingerprint at that position. Rows are stored in the Execution's own storage, so that the newest page can
 * be read directly after a restart. A row also stores the state of the derivation at its start
 * (messages/derive.ts), so that reading a page in the middle needs no walk from the start of the history.
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
  /**
   * The upstream's token for the page that starts here. Absent for the first page, and if the token is
   * `lost`.
   */
  token: z.optional(z.string()),
  /** True if the token has expired. Only a walk from an earlier page finds a new one. */
  lost: z.boolean(),
  /** The message before `start`. If the last page is empty, the status follows from this message. */
  before: z.optional(z.object({ eventType: z.optional(z.string()), timestamp: z.optional(z.string()) })),
  /** The state of the derivation at `start`. Rows stored by older versions lack it. */
  walk: z.optional(z.string()),
});

export type PageRow = z.infer<typeof rowSchema> & { readonly walk: string };

/** Fixed width, so that storage lists rows in order. */
const rowKey = (start: number): string => `row/${String(start).padStart(10, '0')}`;

export class PageRows {
  readonly #storage: ExecutionStorage;
  readonly #log: Log;
  readonly #first: PageRow;
  /** In ascending order. The first row starts at 0 and always exists. */
  #rows: PageRow[];
  /** The start of each token's page. */
  readonly #startOf = new Map<string, number>();

  constructor(storage: ExecutionStorage, ref: ExecutionRef, log: Log) {
    this.#storage = storage;
    this.#log = log;
    this.#first = { start: 0, fingerprint: fingerprintAtStart(ref), lost: false, walk: WALK_START };
    this.#rows = [this.#first];
  }

  /** Reads the stored rows. Can be called again after a failure. */
  async load(): Promise<void> {
    const rows = [this.#first];
    for (const value of (await this.#storage.list('row/')).values()) {
      const row = z.safeParse(rowSchema, value);
      if (!row.success) {
        // Rows after a damaged one cannot be trusted. The next walk finds them again.
        this.#log({ event: 'execution-row-damaged', level: 'warn' });
        break;
      }
      const { start, walk } = row.data;
      if (start === 0) continue;
      // Stored by an older version. The next walk finds this row and the later ones again.
      if (walk === undefined) break;
      rows.push({ ...row.data, walk });
    }
    this.#rows = rows;
    this.#startOf.clear();
    for (const { token, start } of rows) if (token !== undefined) this.#startOf.set(token, start);
  }

  /** Returns the last row that starts at or before the position. */
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

  /** Returns the row that starts exactly at this position. */
  startingAt(start: number): PageRow | undefined {
    const row = this.at(start);
    return row.start === start ? row : undefined;
  }

  /** Returns the last row that starts at or before the position and has a token that has not expired. */
  usableAt(position: number): PageRow {
    let row = this.at(position);
    while (row.lost) row = this.at(row.start - 1);
    return row;
  }

  /** Returns the rows that start after `start`, up to and including `end`. */
  between(start: number, end: number): readonly PageRow[] {
    return this.#rows.filter((row) => row.start > start && row.start <= end);
  }

  /**
   * True if the token belongs to the page at `start` or to an earlier page. A walk that follows such a token
   * would never end.
   */
  leadsBack(token: string | undefined, start: number): boolean {
    return token !== undefined && (this.#startOf.get(token) ?? Infinity) <= start;
  }

  /** Start of the newest known page. The history has at least this many messages. */
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

  /** Marks the tokens of all rows up to this position as expired: earlier pages have even older tokens. */
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
   * Drops rows with expired tokens that start after `start`, up to and including `end`: a page that was just
   * read covers them.
   */
  async dropLost(start: number, end: number): Promise<void> {
    const dropped = this.between(start, end).filter(({ lost }) => lost);
    if (dropped.length === 0) return;
    this.#rows = this.#rows.filter((row) => !dropped.includes(row));
    await this.#storage.delete(dropped.map((row) => rowKey(row.start)));
  }

  async clear(): Promise<void> {
    const dropped = this.#rows;
    // Set before the deletion, so that a concurrent read always finds the first row.
    this.#rows = [this.#first];
    this.#startOf.clear();
    await this.#storage.delete(dropped.map(({ start }) => rowKey(start)));
  }

  #forgetTokens(rows: readonly PageRow[]): void {
    for (const { token } of rows) if (token !== undefined) this.#startOf.delete(token);
  }
}
