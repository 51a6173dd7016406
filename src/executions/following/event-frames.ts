/**
 * Encodes the frames of an event stream: one SSE event each, as docs/http-api.md specifies. A run is the
 * frames of consecutive messages in one buffer. It is encoded once, and every subscriber gets the same bytes.
 */
import type { UpstreamState } from '../../messages/upstream-state.ts';
import { LruMap } from '../../core/lru-map.ts';
import type { Failure } from '../../core/errors.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import {
  type Cursor,
  type CursorKeys,
  type EndMark,
  type Position,
  encodeCursor,
} from '../../messages/cursor.ts';
import type { Status } from '../../messages/event-types.ts';
import { type Chunk, positionAfter } from '../../messages/history.ts';
import { type Message, visibleMessage } from '../../messages/message.ts';
import type { PayloadAccess } from '../../messages/payload-access.ts';
import { sseBytes, sseComment, sseEvent, sseOpening, sseText } from '../../messages/sse.ts';

/**
 * The size of the cache of runs. Enough for the newest messages of many executions and a replay of some
 * 10,000 messages.
 */
export const FRAMES_BYTES_MAX = 8 * 1024 * 1024;
/**
 * A run ends at each position that is a multiple of this. So subscribers that started at different positions
 * share the later runs.
 */
export const RUN_MESSAGES_MAX = 32;
/**
 * A run also ends with the message that makes it reach this size. This limits by how much a run can overfill
 * a queue.
 */
const RUN_BYTES_MAX = 16 * 1024;

/** The frames of consecutive messages. */
export interface FrameRun {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly from: Position;
  /** The position after the last message. */
  readonly after: Position;
  readonly last: Message;
}

/**
 * Keyed by the first message object, not by its position. A message can change upstream or by an import after
 * it was first read, and later readers must get the new version.
 */
export type FrameMemory = Readonly<Record<PayloadAccess, LruMap<Message, FrameRun>>>;

/** A run larger than the whole cache is cached alone. Otherwise each subscriber would queue its own copy. */
export function createFrameMemory(bytesMax = FRAMES_BYTES_MAX): FrameMemory {
  const memory = (maxSize: number) =>
    new LruMap<Message, FrameRun>({
      maxSize,
      // The entry also keeps its first and last message in memory, which can be as large as their frames.
      sizeOf: ({ bytes, count }) => Math.min(maxSize, bytes.byteLength * (1 + Math.min(1, 2 / count)) + 256),
    });
  const small = Math.ceil(bytesMax / 4);
  return { full: memory(bytesMax), names: memory(small), none: memory(small) };
}

export interface EventFramesOptions {
  readonly ref: ExecutionRef;
  readonly keys: CursorKeys;
  readonly memory: FrameMemory;
  /**
   * Returns the problem JSON of a failure, with `retryAfterSeconds` if a retry helps. Provided by http/, so
   * that pages and streams report the same problems.
   */
  readonly problemJson: (failure: Failure) => string;
}

export class EventFrames {
  readonly #options: EventFramesOptions;
  /**
   * The last encoded id. All subscribers that are caught up need the same id, and signing it costs more than
   * encoding the rest of their frames.
   */
  #lastId: (Cursor & { readonly text: string }) | undefined;

  constructor(options: EventFramesOptions) {
    this.#options = options;
  }

  /**
   * Returns the frames of 1 to `countMax` messages, from this position of the chunk on. Each frame's id is
   * the position after its message, so a reconnect with the id resumes there.
   */
  run(chunk: Chunk, from: Position, payloads: PayloadAccess, countMax = RUN_MESSAGES_MAX): FrameRun {
    const memory = this.#options.memory[payloads];
    const index = from.position - chunk.start;
    const [first] = chunk.messages.slice(index, index + 1);
    if (first === undefined) throw new RangeError(`the chunk has no message at position ${from.position}`);
    const known = memory.get(first);
    if (known && known.count <= countMax && isStillTrue(known, chunk, from)) return known;
    const made = this.#encode(chunk, from, payloads, countMax);
    // Cache the longer run, because it saves more encoding.
    if (!known || made.count >= known.count || !isStillTrue(known, chunk, from)) memory.set(first, made);
    return made;
  }

  #encode(chunk: Chunk, from: Position, payloads: PayloadAccess, countMax: number): FrameRun {
    const untilBoundary = RUN_MESSAGES_MAX - (from.position % RUN_MESSAGES_MAX);
    const index = from.position - chunk.start;
    let [text, after, last] = ['', from, chunk.messages[index]];
    let count = 0;
    for (const message of chunk.messages.slice(index, index + Math.min(countMax, untilBoundary))) {
      if (text.length >= RUN_BYTES_MAX) break;
      after = positionAfter(chunk, after, message);
      text += sseText({ id: this.#id(after), data: JSON.stringify(visibleMessage(message, payloads)) });
      last = message;
      count++;
    }
    if (last === undefined) throw new RangeError('a run must have at least one message');
    return { bytes: sseBytes(text), count, from, after, last };
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

  /** `start` is position 0. All messages follow again from there. */
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

  /**
   * Returns a frame without an id, so that the client keeps the id of the last event, and thus its position.
   */
  problem(failure: Failure, retryMs: number): Uint8Array {
    return sseEvent({ event: 'problem', data: this.#options.problemJson(failure), retryMs });
  }

  /** Returns a comment, which clients ignore. Writing one shows whether the client is still connected. */
  comment(): Uint8Array {
    return sseComment();
  }

  /** Returns the bytes that a stream begins with, before its first event. */
  opening(retryMs: number): Uint8Array {
    return sseOpening(retryMs);
  }

  #id({ position, fingerprint }: Position, end: EndMark = 'none'): string {
    const { keys, ref } = this.#options;
    const last = this.#lastId;
    if (last?.position === position && last.fingerprint === fingerprint && last.end === end) return last.text;
    const cursor = { position, fingerprint, end };
    const text = encodeCursor(keys, ref, cursor);
    this.#lastId = { ...cursor, text };
    return text;
  }
}

/**
 * True if the cached run still matches the chunk. The messages of a chunk are read together, so if the first
 * and the last are the same objects, so are those between.
 */
const isStillTrue = ({ from: began, count, last }: FrameRun, chunk: Chunk, from: Position): boolean =>
  began.position === from.position &&
  began.fingerprint === from.fingerprint &&
  chunk.messages[from.position - chunk.start + count - 1] === last;
