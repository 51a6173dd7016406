/**
 * Stores where the pages of an upstream's list begin. Each row has the start time of the execution just
 * before a page, and the upstream's token for that page. The upstream can seek neither by time nor by
 * position. With rows, a walk to an old execution starts at the nearest row instead of the newest page.
 *
 * The page rows of histories (executions/upstream/page-rows.ts) are similar. But in lists, new executions
 * shift all pages. So a row only guarantees that everything before its page started at the row's time or
 * later.
 */
import * as z from 'zod/mini';

import { positionBefore } from '../archive/order-key.ts';
import type { Log } from '../core/log.ts';
import type { ExecutionStorage } from '../executions/execution-storage.ts';

/**
 * Each row stands for 1,000 executions and takes about 1 KiB. Beyond this number, every other row is dropped.
 */
export const LIST_ROWS_MAX = 500;

const rowSchema = z.object({
  /** The start time of the execution just before the page. */
  startedAtMs: z.number(),
  token: z.string(),
  /** When the token was issued. */
  issuedAtMs: z.number(),
});

export type ListRow = z.infer<typeof rowSchema>;

const PREFIX = 'list-row/';
/** These keys make storage return rows in the order of the list. */
const rowKey = ({ startedAtMs }: ListRow): string => `${PREFIX}${positionBefore(startedAtMs)}`;

export class ListRows {
  readonly #storage: ExecutionStorage;
  readonly #log: Log;
  /** Newest first. */
  #rows: ListRow[] = [];

  constructor(storage: ExecutionStorage, log: Log) {
    this.#storage = storage;
    this.#log = log;
  }

  async load(): Promise<void> {
    const rows = [...(await this.#storage.list(PREFIX)).values()].map((value) =>
      z.safeParse(rowSchema, value),
    );
    if (rows.some(({ success }) => !success)) this.#log({ event: 'list-row-damaged', level: 'warn' });
    this.#rows = rows.flatMap(({ data }) => data ?? []);
  }

  /**
   * Returns the last row from which a walk still finds all executions that started at this time or earlier.
   * Undefined means that the walk must start at the newest page.
   */
  before(startedAtMs: number): ListRow | undefined {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#rows[middle]?.startedAtMs ?? -Infinity) > startedAtMs) low = middle + 1;
      else high = middle;
    }
    return this.#rows[low - 1];
  }

  /**
   * Stores the row of a page that was just read, and deletes all rows within that page. `endsAtMs` is the
   * start time of the page's oldest execution.
   */
  async put(row: ListRow, endsAtMs: number): Promise<void> {
    const known = this.#rows.find(({ startedAtMs }) => startedAtMs === row.startedAtMs);
    const within = this.#rows.filter(
      ({ startedAtMs }) => startedAtMs < row.startedAtMs && startedAtMs > endsAtMs,
    );
    const others = this.#rows.filter((other) => other !== known && !within.includes(other));
    this.#rows = [...others, row].sort((a, b) => b.startedAtMs - a.startedAtMs);
    const tooMany = this.#rows.length > LIST_ROWS_MAX ? this.#rows.filter((_, index) => index % 2 === 1) : [];
    this.#rows = this.#rows.filter((other) => !tooMany.includes(other));
    if (known?.token !== row.token && !tooMany.includes(row)) await this.#storage.put(rowKey(row), row);
    await this.#delete([...within, ...tooMany]);
  }

  /** Drops the rows whose tokens were issued up to this time, because they have expired. */
  async expireUpTo(issuedAtMs: number): Promise<void> {
    const expired = this.#rows.filter((row) => row.issuedAtMs <= issuedAtMs);
    this.#rows = this.#rows.filter((row) => row.issuedAtMs > issuedAtMs);
    await this.#delete(expired);
  }

  async #delete(rows: readonly ListRow[]): Promise<void> {
    if (rows.length > 0) await this.#storage.delete(rows.map(rowKey));
  }
}
