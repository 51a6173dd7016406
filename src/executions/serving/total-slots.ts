/**
 * Limits the streams and waiting requests of each key over all executions and lists together. Counts only
 * those of this isolate or process. So the limit is exact on Deno, but applies per isolate on Workers, where
 * isolates share no memory.
 */
import type { Clock } from '../../core/clock.ts';
import { type Result, fail, ok } from '../../core/errors.ts';
import type { Executions, Reader } from '../executions.ts';
import { STREAM_LIFE_MS_MAX } from '../following/stream-watch.ts';
import { FULL_RETRY_SECONDS } from '../following/slots.ts';

/** A waiting request is answered at most this long after its wait is over. */
const ANSWER_MS_MAX = 30_000;

interface Slot {
  /**
   * After this time the slot no longer counts. A Worker can be cancelled without notice when its caller
   * disconnects, and then cannot release the slot.
   */
  readonly untilMs: number;
}

export class TotalSlots {
  readonly #clock: Clock;
  readonly #ofKey = new Map<string, Set<Slot>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a slot until the returned function is called, at most for this long. */
  take({ keyId, totalStreamLimit }: Reader, forMs: number): Result<() => void> {
    const now = this.#clock.now();
    const held = this.#ofKey.get(keyId) ?? new Set<Slot>();
    if (held.size >= totalStreamLimit) {
      for (const slot of held) if (slot.untilMs <= now) held.delete(slot);
    }
    if (held.size >= totalStreamLimit) {
      return fail({ type: 'too-many-streams', retryAfterSeconds: FULL_RETRY_SECONDS, total: true });
    }
    const slot = { untilMs: now + forMs };
    held.add(slot);
    this.#ofKey.set(keyId, held);
    return ok(() => {
      held.delete(slot);
      if (held.size === 0 && this.#ofKey.get(keyId) === held) this.#ofKey.delete(keyId);
    });
  }

  /** Takes a slot and opens a stream. Releases the slot when the stream has ended or is refused. */
  async stream<T>(
    reader: Reader,
    signal: AbortSignal | undefined,
    onClosed: (() => void) | undefined,
    open: (onClosed: () => void) => Promise<Result<T>>,
  ): Promise<Result<T>> {
    const slot = this.take(reader, STREAM_LIFE_MS_MAX + ANSWER_MS_MAX);
    if (!slot.ok) return slot;
    // On Workers `onClosed` is not called if the client has disconnected.
    signal?.addEventListener('abort', slot.value, { once: true });
    let isOpen = false;
    try {
      const stream = await open(() => {
        slot.value();
        onClosed?.();
      });
      isOpen = stream.ok && stream.value !== undefined;
      return stream;
    } finally {
      if (!isOpen) slot.value();
    }
  }
}

export function withTotalStreamLimits(executions: Executions, slots: TotalSlots): Executions {
  const waiting = async <T>(
    request: Reader & { readonly waitMs: number },
    answer: () => Promise<Result<T>>,
  ): Promise<Result<T>> => {
    if (request.waitMs === 0) return answer();
    const slot = slots.take(request, request.waitMs + ANSWER_MS_MAX);
    if (!slot.ok) return slot;
    try {
      return await answer();
    } finally {
      slot.value();
    }
  };
  return {
    ...executions,
    page: (ref, request, client) => waiting(request, () => executions.page(ref, request, client)),
    summary: (ref, request, signal) => waiting(request, () => executions.summary(ref, request, signal)),
    stream: (ref, request, signal, onClosed) =>
      slots.stream(request, signal, onClosed, (closed) => executions.stream(ref, request, signal, closed)),
  };
}
