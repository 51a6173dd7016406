/**
 * A subscriber is a position in a history, live or archived. It sends messages from there until its queue is
 * full. Replaying, catching up and following live use the same code, so no message can be lost or sent twice
 * between them (invariant 2).
 *
 * A subscriber never blocks others (invariant 8), because its queue is bounded (stream-writer.ts). A frame of
 * any size may be queued as long as the queue is not full. A client that reads nothing for 30 s while
 * messages wait is disconnected.
 *
 * After reading much without sending anything, the subscriber writes a comment and pauses. workerd notices a
 * disconnect only on write, and the comment is such a write.
 */
import type { Failure } from '../../core/errors.ts';
import type { Position } from '../../messages/cursor.ts';
import { type Status, statusAfter } from '../../messages/event-types.ts';
import { type Chunk, type History, endOf, positionAfter, positionIn } from '../../messages/history.ts';
import type { PayloadAccess } from '../../messages/payload-access.ts';
import { type MessageFilter, isStreamed } from '../cut-page.ts';
import { type EventFrames, RUN_MESSAGES_MAX } from './event-frames.ts';
import type { Heartbeat } from './listeners.ts';
import type { StreamSender } from './open-stream.ts';
import { StreamWriter, type StreamWriterOptions } from './stream-writer.ts';
import { UnsentBytes } from './unsent-bytes.ts';

/**
 * The pause after 4 MiB were read but not sent. So a replay that sends little reads at most 16 MiB a second.
 */
export const REPLAY_PAUSE_MS = 250;
/** The history that a subscriber reads, and its state. */
export interface Feed {
  /** The history as known so far. Reading it does not ask the source for newer messages; only polls do. */
  readonly history: (signal: AbortSignal) => History;
  /**
   * Returns the chunk that `history` would return for this position, if it is in memory. Absent if chunks are
   * not cached.
   */
  readonly held?: (position: number) => Chunk | undefined;
  /** Returns a value if the history is settled. `end` then follows the last of its `count` messages. */
  readonly settled: () =>
    { readonly status: Status; readonly final: boolean; readonly count?: number } | undefined;
  readonly status: () => Status;
  /** Position 0. */
  readonly start: Position;
}

export interface SubscriberOptions extends MessageFilter, Omit<StreamWriterOptions, 'step' | 'frames'> {
  readonly feed: Feed;
  readonly frames: EventFrames;
  readonly from: Position;
  /** True to start with a `reset`, because the client's position does not belong to this history. */
  readonly reset: boolean;
  /**
   * The subscriber is caught up once it has sent everything that was known at this time, in clock
   * milliseconds.
   */
  readonly knownSinceMs: number;
  readonly payloads: PayloadAccess;
}

export class Subscriber implements StreamSender {
  readonly #options: SubscriberOptions;
  readonly #writer: StreamWriter;
  #position: Position;
  #caughtUp = false;
  readonly #unsent = new UnsentBytes();

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.#position = options.from;
    const { frames, clock, random, queue, onClose, onStall, onBug } = options;
    this.#writer = new StreamWriter({
      frames,
      clock,
      random,
      ...(queue && { queue }),
      step: () => this.#step(),
      onClose,
      onStall,
      onBug,
    });
    if (options.reset) this.#send(frames.reset(options.feed.start));
  }

  get stream(): ReadableStream<Uint8Array> {
    return this.#writer.stream;
  }

  get closed(): boolean {
    return this.#writer.closed;
  }

  /** True if the stream has sent `caught-up`. */
  get caughtUp(): boolean {
    return this.#caughtUp;
  }

  /** When the next heartbeat is due, in clock milliseconds. */
  get heartbeatAtMs(): number {
    return this.#writer.heartbeatAtMs;
  }

  /** See `StreamWriter`. */
  pump(): Promise<void> | undefined {
    return this.#writer.pump();
  }

  heartbeat(state: Heartbeat): void {
    this.#writer.heartbeat(() => this.#options.frames.heartbeat(this.#position, state));
  }

  /** See `StreamWriter`. */
  close(failure?: Failure): void {
    this.#writer.close(failure);
  }

  /** See `StreamWriter`. */
  drop(): void {
    this.#writer.drop();
  }

  /**
   * Sends the messages of one chunk, and pauses if a pause is due. Returns true if another step should
   * follow.
   */
  #step(): boolean | Promise<boolean> {
    const { feed } = this.#options;
    // Checked before the read, because the read may call the store.
    if (!this.#writer.hasSharedRoom) return false;
    const held = feed.held?.(this.#position.position);
    if (!held) return this.#read();
    const again = this.#sendChunk(held, feed.settled() !== undefined);
    return again && this.#unsent.isPauseDue ? this.#rest() : again;
  }

  async #read(): Promise<boolean> {
    const history = this.#options.feed.history(this.#writer.over);
    const read = await history.chunkAt(this.#position.position);
    if (this.closed) return false;
    if (!read.ok) {
      // If the source cannot be read now, the stream continues after a later poll. An archive is never
      // polled, so its stream closes.
      if (history.complete) this.close(read.failure);
      return false;
    }
    const again = this.#sendChunk(read.value, history.complete);
    return again && this.#unsent.isPauseDue ? this.#rest() : again;
  }

  /**
   * `complete`: no further messages can follow in this history. Returns true if another step should follow.
   */
  #sendChunk(chunk: Chunk, complete: boolean): boolean {
    const { feed, frames } = this.#options;
    const at = this.#position;
    this.#unsent.read(chunk);
    const here = positionIn(chunk, at.position);
    const beyond = at.position > endOf(chunk);
    if (beyond && !complete) return false;
    if (here?.fingerprint !== at.fingerprint) {
      if (!this.#writer.roomOrStall()) return false;
      this.#position = feed.start;
      this.#send(frames.reset(feed.start));
      return true;
    }
    if (!this.#sendFrom(chunk)) return false;
    if (!chunk.last || this.#position.position < endOf(chunk)) return true;
    return this.#atTheHead(chunk, complete);
  }

  /** Pauses so that other work can run, and writes a comment to notice a disconnect. */
  async #rest(): Promise<true> {
    this.#unsent.paused();
    if (this.#writer.hasRoom) this.#send(this.#options.frames.comment());
    await this.#options.clock.sleep(REPLAY_PAUSE_MS, this.#writer.over);
    return true;
  }

  /** Sends the chunk's messages from the position on. Returns false if the queue is full. */
  #sendFrom(chunk: Chunk): boolean {
    const { frames, payloads, eventTypes, step } = this.#options;
    const countMax = eventTypes === undefined && step === undefined ? RUN_MESSAGES_MAX : 1;
    while (this.#position.position < endOf(chunk)) {
      const message = chunk.messages[this.#position.position - chunk.start];
      if (message === undefined || isStreamed(message, this.#options)) {
        if (!this.#writer.roomOrStall()) return false;
        const { bytes, after } = frames.run(chunk, this.#position, payloads, countMax);
        this.#send(bytes);
        this.#position = after;
      } else this.#position = positionAfter(chunk, this.#position, message);
    }
    return true;
  }

  /**
   * Called when everything in the last chunk is sent. Returns true if the settled history has more messages
   * that another read can return.
   */
  #atTheHead(chunk: Chunk, complete: boolean): boolean {
    const { feed, frames } = this.#options;
    const settled = feed.settled();
    if (settled && this.#position.position < (settled.count ?? 0)) return !complete;
    if (!this.#caughtUp) {
      // The chunk is old because the source could not be read. The source might have more messages, so wait
      // for the next successful poll.
      if (!settled && (chunk.confirmedAtMs ?? Infinity) < this.#options.knownSinceMs) return false;
      this.#caughtUp = true;
      const status =
        chunk.messages.length > 0 ? statusAfter(chunk.messages.at(-1)?.eventType) : feed.status();
      this.#send(frames.caughtUp(this.#position, status));
    }
    if (settled) {
      this.#send(frames.end(this.#position, settled.status, settled.final));
      this.#writer.finish();
    }
    return false;
  }

  #send(frame: Uint8Array): void {
    if (this.#writer.send(frame)) this.#unsent.sent(frame.byteLength);
  }
}
