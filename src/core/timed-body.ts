/**
 * Reads a request's body chunk by chunk, and gives up if it arrives too slowly. The caller interprets the
 * bytes.
 */
import type { Clock } from './clock.ts';

export interface BodyDeadlines {
  /** The longest time without a byte. */
  readonly silenceMs: number;
  /**
   * The longest time for the whole body. It stops bodies that keep arriving, but only a few bytes at a time.
   */
  readonly totalMs: number;
}

export interface TimedBody {
  /**
   * Resolves with the next chunk, or with `too-slow` after a deadline. Rejects if the client has
   * disconnected.
   */
  read(): Promise<ReadableStreamReadResult<Uint8Array> | 'too-slow'>;
  /** Discards the rest, without waiting for it, because a body might never end. */
  cancel(): void;
}

export function timedBody(
  body: ReadableStream<Uint8Array>,
  clock: Clock,
  { silenceMs, totalMs }: BodyDeadlines,
): TimedBody {
  const reader = body.getReader();
  const endsAtMs = clock.now() + totalMs;
  return {
    async read() {
      const arrived = new AbortController();
      const waitMs = Math.max(0, Math.min(silenceMs, endsAtMs - clock.now()));
      try {
        return await Promise.race([
          reader.read(),
          clock.sleep(waitMs, arrived.signal).then(() => 'too-slow' as const),
        ]);
      } finally {
        arrived.abort();
      }
    },
    cancel: () => void reader.cancel().catch(() => undefined),
  };
}
