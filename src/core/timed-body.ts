/** Reads a request's body chunk by chunk, as long as it keeps arriving. The caller interprets the bytes. */
import type { Clock } from './clock.ts';

export interface BodyDeadlines {
  /** The longest time without a byte. */
  readonly silenceMs: number;
  /** The longest time for the whole body: it also ends a body that drips. */
  readonly totalMs: number;
}

export interface TimedBody {
  /** The next chunk; `too-slow` after a deadline. Rejects if the caller has left. */
  read(): Promise<ReadableStreamReadResult<Uint8Array> | 'too-slow'>;
  /** Drops the rest. Does not wait for it: a body may never end. */
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
