/**
 * Reads the chunks of a history for one request, and counts their bytes. Most of a request's cost is reading
 * and parsing stored messages, even if its filter excludes most of them. So the bytes are bounded. Between
 * two chunks, the scan yields to other requests.
 */
import type { Clock } from '../core/clock.ts';
import type { Result } from '../core/errors.ts';
import type { Chunk, History } from '../messages/history.ts';

/**
 * After this many stored bytes, a request searches no further chunk. Equals the size of the largest page. The
 * request might read one more chunk to learn whether messages follow, or when the history began. So it reads
 * less than this bound, plus the chunk that reaches it, plus one more. A chunk has at most 4 MiB in the
 * archive and 16 MiB upstream.
 */
export const SCANNED_BYTES_MAX = 4 * 1024 * 1024;
/** After examining this many messages, a request returns those found so far. */
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

  /** True if the request should search no further chunk. */
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
