/**
 * Rows of an upstream's list. Each has the start time after which a page begins, and the upstream's token for
 * the page. The upstream can seek neither by time nor by position, so a walk to an old execution starts at
 * the nearest row instead of the newest page.
 *
 * They are like the page rows of histories (executions/upstream/page-rows.ts), but new executions shift all
 * pages. So a row guarantees only that everything before its page started at the row's time or later.
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
  /** The start time of the execution before the page. */
  startedAtMs: z.number(),
  token: z.string(),
  /** When the token was issued. */
  issuedAtMs: z.number(),
});

export type ListRow = z.infer<typeof rowSchema>;

const PREFIX = 'list-row/';
/** Storage lists rows in the order of the list. */
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
   * The last row whose page is before all executions that started at this time or earlier. Undefined: start
   * at the newest page.
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

  /** A page that was read, down to the execution that started at `endsAtMs`, replaces all rows within it. */
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

  /** Drops rows whose tokens have expired: those issued up to this time. */
  async expireUpTo(issuedAtMs: number): Promise<void> {
    const expired = this.#rows.filter((row) => row.issuedAtMs <= issuedAtMs);
    this.#rows = this.#rows.filter((row) => row.issuedAtMs > issuedAtMs);
    await this.#delete(expired);
  }

  async #delete(rows: readonly ListRow[]): Promise<void> {
    if (rows.length > 0) await this.#storage.delete(rows.map(rowKey));
  }
}
