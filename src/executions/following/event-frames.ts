/**
 * The frames of an event stream: its events, their data and ids. A message's frame is encoded once, and every subscriber gets
 * the same bytes. The contract is docs/http-api.md.
 */
import { LruMap } from '../../core/lru-map.ts';
import type { Failure } from '../../core/errors.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import { type CursorKeys, type EndMark, type Position, encodeCursor } from '../../messages/cursor.ts';
import type { Status } from '../../messages/event-types.ts';
import { type Message, visibleMessage } from '../../messages/message.ts';
import type { PayloadAccess } from '../../messages/payload-access.ts';
import { sseComment, sseEvent, sseOpening } from '../../messages/sse.ts';

/** Frames kept for other subscribers: enough for the newest messages of many executions, little compared to the pages. */
export const FRAMES_BYTES_MAX = 4 * 1024 * 1024;

interface RememberedFrame {
  readonly after: Position;
  readonly frame: Uint8Array;
}

/**
 * Keyed by the message and not by its position: a message may change upstream after it was first read, or be imported again,
 * and later readers must get the new one.
 */
export type FrameMemory = Readonly<Record<PayloadAccess, LruMap<Message, RememberedFrame>>>;

/** A frame larger than the whole budget is kept alone: otherwise each subscriber would queue its own copy. */
export function createFrameMemory(bytesMax = FRAMES_BYTES_MAX): FrameMemory {
  const memory = (maxSize: number) =>
    new LruMap<Message, RememberedFrame>({
      maxSize,
      // The entry keeps the message as well, which is about as large.
      sizeOf: ({ frame }) => Math.min(maxSize, 2 * frame.byteLength + 256),
    });
  const small = Math.ceil(bytesMax / 4);
  return { full: memory(bytesMax), names: memory(small), none: memory(small) };
}

export type UpstreamState = 'ok' | 'throttled' | 'unavailable';

export interface EventFramesOptions {
  readonly ref: ExecutionRef;
  readonly keys: CursorKeys;
  readonly memory: FrameMemory;
  /** Problem JSON of a failure, with `retryAfterSeconds` if a retry helps. From http/, so that pages and streams agree. */
  readonly problemJson: (failure: Failure) => string;
}

export class EventFrames {
  readonly #options: EventFramesOptions;

  constructor(options: EventFramesOptions) {
    this.#options = options;
  }

  /** `after` is the position after the message: a reconnect with this id resumes there. */
  message(message: Message, after: Position, payloads: PayloadAccess): Uint8Array {
    const memory = this.#options.memory[payloads];
    const known = memory.get(message);
    if (known?.after.position === after.position && known.after.fingerprint === after.fingerprint)
      return known.frame;
    const frame = sseEvent({ id: this.#id(after), data: JSON.stringify(visibleMessage(message, payloads)) });
    memory.set(message, { after, frame });
    return frame;
  }

  caughtUp(at: Position, status: Status): Uint8Array {
    return sseEvent({ id: this.#id(at), event: 'caught-up', data: JSON.stringify({ status }) });
  }

  heartbeat(
    at: Position,
    state: { timestamp: string; pollIntervalMs: number; upstream: UpstreamState },
  ): Uint8Array {
    return sseEvent({ id: this.#id(at), event: 'heartbeat', data: JSON.stringify(state) });
  }

  /** `start` is position 0: all messages follow again from there. */
  reset(start: Position): Uint8Array {
    return sseEvent({ id: this.#id(start), event: 'reset', data: '{}' });
  }

  end(at: Position, status: Status, final: boolean): Uint8Array {
    return sseEvent({
      id: this.#id(at, final ? 'final' : 'settled'),
      event: 'end',
      data: JSON.stringify({ status }),
    });
  }

  /** Without an id, so that the client keeps its last one, and with it its position. */
  problem(failure: Failure, retryMs: number): Uint8Array {
    return sseEvent({ event: 'problem', data: this.#options.problemJson(failure), retryMs });
  }

  /** Ignored by clients: writing it shows whether they are still there. */
  comment(): Uint8Array {
    return sseComment();
  }

  /** What a stream begins with, at once: no event yet, the first one completes it. */
  opening(retryMs: number): Uint8Array {
    return sseOpening(retryMs);
  }

  #id(at: Position, end: EndMark = 'none'): string {
    return encodeCursor(this.#options.keys, this.#options.ref, { ...at, end });
  }
}
