/**
 * Decodes the cursors of callers. Readers of the same history send the same cursors: each is verified once in
 * an isolate.
 */
import { type ExecutionName, executionName } from '../core/execution-ref.ts';
import { LruMap } from '../core/lru-map.ts';
import { type Cursor, type CursorKeys, decodeCursor } from './cursor.ts';

/** About 300 bytes each. */
const CURSORS_MAX = 5_000;

export class CursorReader {
  readonly #keys: CursorKeys;
  /** Only cursors whose MAC was correct for that execution. */
  readonly #verified = new LruMap<string, Cursor>({ max: CURSORS_MAX });

  constructor(keys: CursorKeys) {
    this.#keys = keys;
  }

  /** As `decodeCursor`. */
  read(execution: ExecutionName, text: string, use = ''): Cursor | undefined {
    // Neither a cursor nor a use contains a space, so different ones have different names.
    const name = `${text} ${use} ${executionName(execution)}`;
    const known = this.#verified.get(name);
    if (known) return known;
    const cursor = decodeCursor(this.#keys, execution, text, use);
    if (cursor) this.#verified.set(name, cursor);
    return cursor;
  }
}
