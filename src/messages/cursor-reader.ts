/**
 * Decodes callers' cursors and caches the results. Readers of the same history send the same cursors, so each
 * cursor is verified only once per isolate.
 */
import { type ExecutionName, executionName } from '../core/execution-ref.ts';
import { LruMap } from '../core/lru-map.ts';
import { type Cursor, type CursorKeys, decodeCursor } from './cursor.ts';

/** How many verified cursors are cached. Each takes about 300 bytes. */
const CURSORS_MAX = 5_000;

export class CursorReader {
  readonly #keys: CursorKeys;
  /** Contains only cursors whose MAC was correct for the execution and the use. */
  readonly #verified = new LruMap<string, Cursor>({ max: CURSORS_MAX });

  constructor(keys: CursorKeys) {
    this.#keys = keys;
  }

  /** Like `decodeCursor`. */
  read(execution: ExecutionName, text: string, use = ''): Cursor | undefined {
    // Neither a cursor nor a use contains a space, so different arguments result in different keys.
    const name = `${text} ${use} ${executionName(execution)}`;
    const known = this.#verified.get(name);
    if (known) return known;
    const cursor = decodeCursor(this.#keys, execution, text, use);
    if (cursor) this.#verified.set(name, cursor);
    return cursor;
  }
}
