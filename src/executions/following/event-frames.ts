/**
 * The frames of an event stream: which events there are, what their data and ids are. A message's frame is encoded once
 * and handed to every subscriber as the same bytes. The contract stands in docs/http-api.md.
 */
import { LRUCache } from 'lru-cache';

import type { Failure } from '../../core/errors.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import { type CursorKeys, type EndMark, type Position, encodeCursor } from '../../messages/cursor.ts';
import type { Status } from '../../messages/event-types.ts';
import { type Message, type PayloadAccess, visibleMessage } from '../../messages/message.ts';
import { sseEvent, sseOpening } from '../../messages/sse.ts';

/** Frames that are kept to be sent again: enough for the newest messages of many executions, small beside the pages. */
export const FRAMES_BYTES_MAX = 4 * 1024 * 1024;

interface RememberedFrame {
  readonly after: Position;
  readonly frame: Uint8Array;
}

/**
 * By the message itself, and not by its position: a message may change upstream after it was first seen, or be imported
 * anew, and whoever reads it then gets it as it is.
 */
export type FrameMemory = Readonly<Record<PayloadAccess, LRUCache<Message, RememberedFrame>>>;

/** A frame larger than all of the budget is kept alone: without it each subscriber would queue a copy of its own. */
export function createFrameMemory(bytesMax = FRAMES_BYTES_MAX): FrameMemory {
  const memory = (maxSize: number) =>
    new LRUCache<Message, RememberedFrame>({
      maxSize,
      // The message is kept with its frame, and weighs about as much.
      sizeCalculation: ({ frame }) => Math.min(maxSize, 2 * frame.byteLength + 256),
    });
  return { full: memory(bytesMax), none: memory(Math.ceil(bytesMax / 4)) };
}

export type UpstreamState = 'ok' | 'throttled' | 'unavailable';

export interface EventFramesOptions {
  readonly ref: ExecutionRef;
  readonly keys: CursorKeys;
  readonly memory: FrameMemory;
  /** Problem JSON of a failure, with `retryAfterSeconds` where coming back helps; http/'s own, so that both ways agree. */
  readonly problemJson: (failure: Failure) => string;
}

export class EventFrames {
  readonly #options: EventFramesOptions;

  constructor(options: EventFramesOptions) {
    this.#options = options;
  }

  /** `after` is the position behind the message: what a reconnect with this id goes on from. */
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

  /** `start` is position 0: everything comes again from there. */
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

  /** Without an id: the last one stays, and with it the position. */
  problem(failure: Failure, retryMs: number): Uint8Array {
    return sseEvent({ event: 'problem', data: this.#options.problemJson(failure), retryMs });
  }

  /** What a stream begins with, at once: no event yet, the first one completes it. */
  opening(retryMs: number): Uint8Array {
    return sseOpening(retryMs);
  }

  #id(at: Position, end: EndMark = 'none'): string {
    return encodeCursor(this.#options.keys, this.#options.ref, { ...at, end });
  }
}
