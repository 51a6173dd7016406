/**
 * Counts the bytes that a subscriber has read but not sent. With a filter or hidden payloads, a subscriber
 * can read a huge history and send little. So it pauses after as many bytes as one request is allowed to
 * read.
 */
import type { Chunk } from '../../messages/history.ts';
import { SCANNED_BYTES_MAX } from '../scan.ts';

export class UnsentBytes {
  #chunkStart = -1;
  #bytes = 0;

  /** True if the subscriber should pause. */
  get isPauseDue(): boolean {
    return this.#bytes >= SCANNED_BYTES_MAX;
  }

  /** Counts the bytes of a chunk. Repeated calls for the same chunk count once. */
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
