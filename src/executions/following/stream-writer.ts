/**
 * The common part of all event streams, of histories and of lists. Frames go through a bounded queue
 * (frame-queue.ts). `pump` sends as long as the stream's owner has frames and the queue has room. A failure
 * ends the stream with a `problem`. A stream never blocks others (invariant 8).
 */
import type { Clock } from '../../core/clock.ts';
import { exceptionText } from '../../core/exception-text.ts';
import type { Failure } from '../../core/errors.ts';
import { FrameQueue, type SharedQueue } from './frame-queue.ts';

/** Proxies and load balancers close connections that are silent for 30 to 60 s. */
export const HEARTBEAT_MS = 15_000;
/** After a close, clients reconnect after a random time within these bounds. */
export const RETRY_MIN_MS = 1_000;
export const RETRY_MAX_MS = 3_000;

/** The frames that all streams send. */
export interface CommonFrames {
  opening(retryMs: number): Uint8Array;
  problem(failure: Failure, retryMs: number): Uint8Array;
}

export interface StreamWriterOptions {
  readonly frames: CommonFrames;
  readonly clock: Clock;
  readonly random: () => number;
  /** A bound that this stream's queue shares with others. */
  readonly queue?: SharedQueue;
  /**
   * Sends a part of what the client does not have yet. Returns true if another step should follow. Returns a
   * promise only if it has to wait.
   */
  readonly step: () => boolean | Promise<boolean>;
  /** Called once, when the stream has ended for any reason. */
  readonly onClose: () => void;
  /** Called when a client is disconnected because it stopped reading. `onClose` follows. */
  readonly onStall: () => void;
  /** Called after an exception, which is a bug, has ended the stream. */
  readonly onBug: (error: unknown) => void;
}

export class StreamWriter {
  readonly #options: StreamWriterOptions;
  readonly #queue: FrameQueue;
  #isOver = false;
  /** Created on the first use of `over`. Most streams send only from memory and never use it. */
  #over: AbortController | undefined;
  #pumping = false;
  #pumpAgain = false;
  #lastSentAtMs: number;

  constructor(options: StreamWriterOptions) {
    this.#options = options;
    this.#lastSentAtMs = options.clock.now();
    this.#queue = new FrameQueue({
      clock: options.clock,
      ...(options.queue && { shared: options.queue }),
      onRoom: () => void this.pump(),
      onStall: options.onStall,
      onOver: () => this.#ended(),
    });
    this.send(options.frames.opening(this.#retryMs()));
  }

  get stream(): ReadableStream<Uint8Array> {
    return this.#queue.stream;
  }

  get closed(): boolean {
    return this.#isOver;
  }

  /** Aborted when the stream ends, so that no more is read for it. */
  get over(): AbortSignal {
    this.#over ??= new AbortController();
    if (this.#isOver) this.#over.abort();
    return this.#over.signal;
  }

  /** When the next heartbeat is due, in clock milliseconds. */
  get heartbeatAtMs(): number {
    return this.#lastSentAtMs + HEARTBEAT_MS;
  }

  get hasRoom(): boolean {
    return this.#queue.hasRoom;
  }

  /** See `FrameQueue`. */
  get hasSharedRoom(): boolean {
    return this.#queue.hasSharedRoom;
  }

  /** See `FrameQueue`. */
  roomOrStall(): boolean {
    return this.#queue.roomOrStall();
  }

  /**
   * Sends as much as the queue has room for. Called when the stream opens, when there is room again, and
   * after each change. Returns a promise only if it has to wait, so that a message in memory reaches a
   * thousand streams without a promise for each. Never throws or rejects.
   */
  pump(): Promise<void> | undefined {
    if (this.#pumping) {
      this.#pumpAgain = true;
      return undefined;
    }
    this.#pumping = true;
    let waiting: Promise<boolean> | undefined;
    try {
      waiting = this.#steps();
    } catch (error) {
      this.#endForBug(error);
    }
    if (waiting) return this.#stepsAfter(waiting);
    this.#pumping = false;
    return undefined;
  }

  /** Runs steps until nothing is left to send. If a step has to wait, returns its promise. */
  #steps(): Promise<boolean> | undefined {
    do {
      this.#pumpAgain = false;
      for (let more: boolean = true; more && !this.closed;) {
        const stepped: boolean | Promise<boolean> = this.#options.step();
        if (typeof stepped !== 'boolean') return stepped;
        more = stepped;
      }
    } while (this.#pumpAgain && !this.closed);
    return undefined;
  }

  async #stepsAfter(first: Promise<boolean>): Promise<void> {
    try {
      for (let waiting: Promise<boolean> | undefined = first; waiting;) {
        const more: boolean = await waiting;
        waiting = (more || this.#pumpAgain) && !this.closed ? this.#steps() : undefined;
      }
    } catch (error) {
      this.#endForBug(error);
    }
    this.#pumping = false;
  }

  /** Ends the stream after a whole frame, so that its client reconnects. */
  #endForBug(error: unknown): void {
    this.close({ type: 'internal', internal: exceptionText(error) });
    this.#options.onBug(error);
  }

  /** Queues the frame, even if the queue is full. Returns false if the stream has ended. */
  send(frame: Uint8Array): boolean {
    if (this.closed || !this.#queue.send(frame)) return false;
    this.#lastSentAtMs = this.#options.clock.now();
    return true;
  }

  /** Sends a heartbeat, unless the queue is full: the client then has enough to read. */
  heartbeat(frame: () => Uint8Array): void {
    if (!this.closed && this.hasRoom) this.send(frame());
    this.#lastSentAtMs = this.#options.clock.now();
  }

  /**
   * Closes the stream early. A failure is sent as a `problem` that says when to retry. Without a failure,
   * clients use the `retry:` sent at the start of the stream.
   */
  close(failure?: Failure): void {
    if (this.closed) return;
    if (failure) {
      const afterMs = 'retryAfterSeconds' in failure ? failure.retryAfterSeconds * 1000 : 0;
      this.send(this.#options.frames.problem(failure, afterMs + this.#retryMs()));
    }
    this.finish();
  }

  /** Ends the stream after the queued frames. */
  finish(): void {
    if (this.closed) return;
    this.#ended();
    this.#queue.close();
  }

  /** Call this when the client has disconnected. Nothing more is written. */
  drop(): void {
    this.#queue.breakOff('the client is gone');
  }

  #ended(): void {
    if (this.closed) return;
    this.#isOver = true;
    this.#over?.abort();
    this.#options.onClose();
  }

  #retryMs(): number {
    return Math.round(RETRY_MIN_MS + this.#options.random() * (RETRY_MAX_MS - RETRY_MIN_MS));
  }
}
