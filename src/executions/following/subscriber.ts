/**
 * A subscriber is a position. From there it sends as much of the history's chunks as its queue has room for.
 * Replaying, catching up and following live use the same code, so no message can be lost or sent twice
 * between them (invariant 2).
 *
 * It never blocks others (invariant 8): its queue is bounded (stream-writer.ts). Room is checked before each
 * frame, so an empty queue takes a frame of any size. A client that pulls nothing for 30 s while messages
 * wait is disconnected. It serves live and archived histories.
 *
 * When it has read much without sending anything, it pauses and writes a comment, because workerd notices a
 * disconnect only on write.
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

/** The pause after 4 MiB read but not sent: a replay that sends little reads at most 16 MiB a second. */
export const REPLAY_PAUSE_MS = 250;
/** What a subscriber reads from. */
export interface Feed {
  /** The history as known. Only polls request newer messages. */
  readonly history: (signal: AbortSignal) => History;
  /**
   * The chunk that `history` would return for this position, if it is in memory. Absent: nothing is kept in
   * memory.
   */
  readonly held?: (position: number) => Chunk | undefined;
  /** Set if the history is settled: `end` follows the last of its `count` messages. */
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
  /** Start with a `reset`: the client's position does not belong to this history. */
  readonly reset: boolean;
  /** A subscriber that has everything known at this time, in clock milliseconds, is caught up. */
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

  /** It has sent `caught-up`. */
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

  /**
   * Closes early. A failure is sent with its reason and when to retry; otherwise the `retry:` of the stream's
   * start holds.
   */
  close(failure?: Failure): void {
    this.#writer.close(failure);
  }

  /** The client has disconnected: nothing more is written. */
  drop(): void {
    this.#writer.drop();
  }

  /** One chunk's worth, and a pause if it is due. True: look again at once. */
  #step(): boolean | Promise<boolean> {
    const { feed } = this.#options;
    // Before the read: it may cost the store something.
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
      // The source cannot be read just now: a later poll resumes here. An archive is never polled.
      if (history.complete) this.close(read.failure);
      return false;
    }
    const again = this.#sendChunk(read.value, history.complete);
    return again && this.#unsent.isPauseDue ? this.#rest() : again;
  }

  /** `complete`: nothing can follow the chunks of this history. True: look again at once. */
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

  /** Lets other work run, and checks whether the client is still connected. */
  async #rest(): Promise<true> {
    this.#unsent.paused();
    if (this.#writer.hasRoom) this.#send(this.#options.frames.comment());
    await this.#options.clock.sleep(REPLAY_PAUSE_MS, this.#writer.over);
    return true;
  }

  /** Sends what the chunk holds from the position on. False: the queue is full. */
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

  /** True: the history has settled meanwhile, and has more messages by now. */
  #atTheHead(chunk: Chunk, complete: boolean): boolean {
    const { feed, frames } = this.#options;
    const settled = feed.settled();
    if (settled && this.#position.position < (settled.count ?? 0)) return !complete;
    if (!this.#caughtUp) {
      // The source may have more, but could not be read: wait for the next successful poll.
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
