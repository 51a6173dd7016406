/**
 * Counts the bytes that a subscriber has read without sending. With a filter, or with hidden payloads, it may
 * read a huge history and send nothing. So it pauses after as many bytes as one request may read.
 */
import type { Chunk } from '../../messages/history.ts';
import { SCANNED_BYTES_MAX } from '../scan.ts';

export class UnsentBytes {
  #chunkStart = -1;
  #bytes = 0;

  /** Time for a pause. */
  get isPauseDue(): boolean {
    return this.#bytes >= SCANNED_BYTES_MAX;
  }

  /** Counts a chunk once, however often it is looked at in a row. */
  read({ start, bytes }: Chunk): void {
    if (start === this.#chunkStart) return;
    this.#chunkStart = start;
    this.#bytes += bytes;
  }

  sent(bytes: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes);
  }

  paused(): void {
    this.#bytes = 0;
  }
}
