/**
 * Reads a history for one request, or for one step of a stream, within a bound of bytes. Reading and parsing
 * stored messages makes up the cost of a request, even if its filter excludes most of them. Between two
 * chunks, other requests run.
 */
import type { Clock } from '../core/clock.ts';
import type { Result } from '../core/errors.ts';
import type { Chunk, History } from '../messages/history.ts';

/**
 * Stored bytes after which a request reads no further chunk to search it: as much as the largest page. One
 * more chunk may be needed to learn whether messages follow, or when the history began. So a request looks at
 * less than this and two chunks, each with at most 4 MiB in the archive and 16 MiB upstream.
 */
export const SCANNED_BYTES_MAX = 4 * 1024 * 1024;
/** Messages that a request examines before it answers with what it has found. */
export const SCANNED_MESSAGES_MAX = 5_000;

export class Scan {
  readonly #history: History;
  readonly #clock: Pick<Clock, 'turn'>;
  #bytes = 0;
  #chunks = 0;

  constructor(history: History, clock: Pick<Clock, 'turn'>) {
    this.#history = history;
    this.#clock = clock;
  }

  /** No further chunk should be read. */
  get isSpent(): boolean {
    return this.#bytes >= SCANNED_BYTES_MAX;
  }

  async chunkAt(position: number): Promise<Result<Chunk>> {
    if (this.#chunks++ > 0) await this.#clock.turn();
    const read = await this.#history.chunkAt(position);
    if (read.ok) this.#bytes += read.value.bytes;
    return read;
  }
}
