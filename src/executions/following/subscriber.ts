/**
 * A subscriber is a position. Whatever its queue has room for is sent from there, out of the history's chunks: a replay, a
 * lag and the newest message are the same thing, so there is no splice, no replay queue, and nothing to lose or send twice
 * between them (invariant 2).
 *
 * Nobody waits for it (invariant 8): its queue is bounded and tested before a frame goes in, so that an empty queue takes a
 * frame of any size; with messages waiting and no pull for 30 s it is cut off. It serves an Execution's subscribers and,
 * over an archived history, a stream that needs no Execution.
 */
import type { Clock } from '../../core/clock.ts';
import { exceptionText } from '../../core/exception-text.ts';
import type { Failure } from '../../core/errors.ts';
import type { Position } from '../../messages/cursor.ts';
import { type Status, statusAfter } from '../../messages/event-types.ts';
import { fingerprintAfter } from '../../messages/fingerprint.ts';
import { type Chunk, type History, endOf, positionIn } from '../../messages/history.ts';
import type { PayloadAccess } from '../../messages/message.ts';
import { isWanted } from '../cut-page.ts';
import type { EventFrames, UpstreamState } from './event-frames.ts';

/** Of one subscriber; 1,000 of them on one execution are 64 MB at the very worst. */
export const QUEUE_BYTES_MAX = 64 * 1024;
/** A client that takes nothing for this long while messages wait is gone or stuck. */
export const STALL_MS = 30_000;
/** Proxies and load balancers cut connections that are silent for 30 to 60 s. */
export const HEARTBEAT_MS = 15_000;
/** Clients of a stream that closes come back within these bounds, spread evenly. */
export const RETRY_MIN_MS = 1_000;
export const RETRY_MAX_MS = 3_000;

/** What a subscriber reads from. */
export interface Feed {
  /** Never asks for anything newer than is known: that is the poll's business. */
  readonly history: () => History;
  /** The history is settled: behind its last message, of `count`, comes `end`. */
  readonly settled: () =>
    { readonly status: Status; readonly final: boolean; readonly count?: number } | undefined;
  readonly status: () => Status;
  /** Position 0. */
  readonly start: Position;
}

export interface SubscriberOptions {
  readonly feed: Feed;
  readonly frames: EventFrames;
  readonly clock: Clock;
  readonly random: () => number;
  readonly from: Position;
  /** Begin with a `reset`: the client's position is of no use. */
  readonly reset: boolean;
  /** Who has all that was there at this time, in clock milliseconds, is caught up. */
  readonly knownSinceMs: number;
  readonly eventTypes?: readonly string[];
  readonly payloads: PayloadAccess;
  /** Called once, when the stream is over for whatever reason. */
  readonly onClose: () => void;
  /** Told of an exception, which is a bug; the stream has ended by then. */
  readonly onBug: (error: unknown) => void;
}

export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly stream: ReadableStream<Uint8Array>;
  // Safety: `start` of the stream runs inside its constructor, before anything can read this.
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #position: Position;
  #caughtUp = false;
  #closed = false;
  #pumping = false;
  #pumpAgain = false;
  /** Aborted by the next pull: ends the wait that would cut it off. */
  #stall: AbortController | undefined;
  #lastSentAtMs: number;

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.#position = options.from;
    this.#lastSentAtMs = options.clock.now();
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
          this.#send(options.frames.opening(retryMs(options.random)));
          if (options.reset) this.#send(options.frames.reset(options.feed.start));
        },
        pull: () => {
          this.#stall?.abort();
          this.#stall = undefined;
          // Not awaited: while a pull is pending no other comes, and the stall would not be seen to end.
          void this.pump();
        },
        cancel: () => this.drop(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: QUEUE_BYTES_MAX }),
    );
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** It was told that it has all that existed when it connected. */
  get caughtUp(): boolean {
    return this.#caughtUp;
  }

  /** When the next heartbeat is due, in clock milliseconds. */
  get heartbeatAtMs(): number {
    return this.#lastSentAtMs + HEARTBEAT_MS;
  }

  /** Sends what there is room for. Called by the stream's pull and whenever there may be more to send. Never throws. */
  async pump(): Promise<void> {
    if (this.#pumping) {
      this.#pumpAgain = true;
      return;
    }
    this.#pumping = true;
    try {
      do {
        this.#pumpAgain = false;
        while (!this.#closed && (await this.#step()));
      } while (this.#pumpAgain && !this.#closed);
    } catch (error) {
      // A bug: this stream ends with what it has, and its client comes back.
      this.close({ type: 'internal', internal: exceptionText(error) });
      this.#options.onBug(error);
    } finally {
      this.#pumping = false;
    }
  }

  heartbeat(state: { timestamp: string; pollIntervalMs: number; upstream: UpstreamState }): void {
    // With a full queue there is nothing to keep alive: the client has enough to read.
    if (!this.#closed && this.#hasRoom()) this.#send(this.#options.frames.heartbeat(this.#position, state));
    this.#lastSentAtMs = this.#options.clock.now();
  }

  /** Closes early. With a failure it sends why and when to come back; without, the `retry:` that it began with holds. */
  close(failure?: Failure): void {
    if (this.#closed) return;
    const { frames, random } = this.#options;
    if (failure) {
      const afterMs = 'retryAfterSeconds' in failure ? failure.retryAfterSeconds * 1000 : 0;
      this.#send(frames.problem(failure, afterMs + retryMs(random)));
    }
    this.#finish();
  }

  /** The client is gone: nothing more is written. */
  drop(): void {
    if (this.#closed) return;
    // error() and not close(): it frees the queue.
    this.#controller.error(new Error('the client is gone'));
    this.#over();
  }

  /** One chunk's worth. True: look again at once. */
  async #step(): Promise<boolean> {
    const { feed, frames } = this.#options;
    const history = feed.history();
    const at = this.#position;
    const read = await history.chunkAt(at.position);
    if (this.#closed) return false;
    if (!read.ok) {
      // The source can't be read just now: whoever polls it comes back here when it can. An archive nobody polls.
      if (history.complete) this.close(read.failure);
      return false;
    }
    const chunk = read.value;
    const here = positionIn(chunk, at.position);
    const beyond = at.position > endOf(chunk);
    if (beyond && !history.complete) return false;
    if (here?.fingerprint !== at.fingerprint) {
      if (!this.#roomOrStall()) return false;
      this.#position = feed.start;
      this.#send(frames.reset(feed.start));
      return true;
    }
    if (!this.#sendFrom(chunk)) return false;
    if (!chunk.last || this.#position.position < endOf(chunk)) return true;
    return this.#atTheHead(chunk, history);
  }

  /** Sends what the chunk holds from the position on. False: the queue is full. */
  #sendFrom(chunk: Chunk): boolean {
    const { frames, payloads } = this.#options;
    for (const message of chunk.messages.slice(this.#position.position - chunk.start)) {
      const after = {
        position: this.#position.position + 1,
        fingerprint: fingerprintAfterIn(chunk, this.#position, message),
      };
      if (isWanted(message, this.#options)) {
        if (!this.#roomOrStall()) return false;
        this.#send(frames.message(message, after, payloads));
      }
      this.#position = after;
    }
    return true;
  }

  /** True: the history settled while this was read, and has more by now. */
  #atTheHead(chunk: Chunk, history: History): boolean {
    const { feed, frames } = this.#options;
    const settled = feed.settled();
    if (settled && this.#position.position < (settled.count ?? 0)) return !history.complete;
    if (!this.#caughtUp) {
      // The source can't be read just now, and may have more: not before the next poll that succeeds.
      if (!settled && (chunk.confirmedAtMs ?? Infinity) < this.#options.knownSinceMs) return false;
      this.#caughtUp = true;
      const status =
        chunk.messages.length > 0 ? statusAfter(chunk.messages.at(-1)?.eventType) : feed.status();
      this.#send(frames.caughtUp(this.#position, status));
    }
    if (settled) {
      this.#send(frames.end(this.#position, settled.status, settled.final));
      this.#finish();
    }
    return false;
  }

  #hasRoom(): boolean {
    return (this.#controller.desiredSize ?? 0) > 0;
  }

  /** Room for a frame; if there is none, the clock starts that cuts the subscriber off unless it pulls. */
  #roomOrStall(): boolean {
    if (this.#hasRoom()) return true;
    if (!this.#stall) {
      const stall = new AbortController();
      this.#stall = stall;
      void this.#options.clock.sleep(STALL_MS, stall.signal).then(() => {
        if (stall.signal.aborted || this.#closed) return;
        this.#controller.error(new Error('the client takes nothing'));
        this.#over();
      });
    }
    return false;
  }

  #send(frame: Uint8Array): void {
    if (this.#closed) return;
    try {
      this.#controller.enqueue(frame);
    } catch {
      // The stream was ended from outside, and nobody told us.
      this.#over();
      return;
    }
    this.#lastSentAtMs = this.#options.clock.now();
  }

  #finish(): void {
    if (this.#closed) return;
    this.#controller.close();
    this.#over();
  }

  #over(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stall?.abort();
    this.#options.onClose();
  }
}

const retryMs = (random: () => number): number =>
  Math.round(RETRY_MIN_MS + random() * (RETRY_MAX_MS - RETRY_MIN_MS));

/** The chunk has it already; computed only should it not. */
const fingerprintAfterIn = (
  chunk: Chunk,
  { position, fingerprint }: Position,
  message: Chunk['messages'][number],
) => chunk.fingerprints[position + 1 - chunk.start] ?? fingerprintAfter(fingerprint, message);
