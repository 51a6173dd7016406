/**
 * The queue of one stream: the frames that its client has not read yet. Each queue has its own bound, and
 * many streams may share another bound. A client that stops reading is disconnected. `close` still sends the
 * queued frames. `breakOff` drops them.
 */
import { ClientGone } from '../../core/client-gone.ts';
import type { Clock } from '../../core/clock.ts';

/** The bound of each stream's queue. The 1,000 subscribers of one execution take at most 64 MB. */
export const QUEUE_BYTES_MAX = 64 * 1024;
/** A client that reads nothing for this long while messages wait is disconnected: it hangs, or has gone. */
export const STALL_MS = 30_000;
/**
 * How soon to check again whether the shared bound has room. On Workers the requests of other streams cannot
 * wake this one.
 */
const ROOM_RETRY_MS = 100;

/** A bound on the queued bytes that many streams share. */
export interface SharedQueue {
  /** True if this stream may queue another frame. */
  hasRoom(): boolean;
  /** Reports how many bytes this stream's queue contains now. */
  queued(bytes: number): void;
  /** Called once, when the stream is over: the client has everything, or has disconnected. */
  leave(): void;
}

export interface FrameQueueOptions {
  readonly clock: Clock;
  readonly shared?: SharedQueue;
  /** Called when there might be room again. */
  readonly onRoom: () => void;
  /** Called when a client is disconnected because it stopped reading. `onOver` follows. */
  readonly onStall: () => void;
  /** Called once, when the client has read all of a closed queue, has disconnected, or was disconnected. */
  readonly onOver: () => void;
}

export class FrameQueue {
  readonly #options: FrameQueueOptions;
  readonly stream: ReadableStream<Uint8Array>;
  // Safety: `start` of the stream runs inside its constructor, before anything can read this field.
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #closing = false;
  #over = false;
  #retrying = false;
  /** True if a frame waits for room. Most pulls find no waiting frame, and then do nothing. */
  #isWanted = false;
  /** Stops the timer that would disconnect the client. Aborted by the next pull. */
  #stall: AbortController | undefined;

  constructor(options: FrameQueueOptions) {
    this.#options = options;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#stall?.abort();
          this.#stall = undefined;
          this.#report();
          if (this.#closing) this.#closeOnceTaken();
          else if (this.#isWanted) {
            this.#isWanted = false;
            // Not awaited: a stream does not pull again while a pull is pending, so the end of a stall would
            // go unnoticed.
            options.onRoom();
          }
        },
        cancel: () => this.breakOff('the client is gone'),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: QUEUE_BYTES_MAX }),
    );
  }

  get hasRoom(): boolean {
    return (this.#controller.desiredSize ?? 0) > 0;
  }

  /** True if the shared bound has room. If not, `onRoom` is called soon, to check again. */
  get hasSharedRoom(): boolean {
    const { clock, shared, onRoom } = this.#options;
    if (shared?.hasRoom() !== false) return true;
    if (!this.#retrying) {
      this.#retrying = true;
      void clock.sleep(ROOM_RETRY_MS).then(() => {
        this.#retrying = false;
        if (!this.#closing && !this.#over) onRoom();
      });
    }
    return false;
  }

  /**
   * True if a message may be sent. If not, `onRoom` is called once there might be room. A client that reads
   * nothing is disconnected.
   */
  roomOrStall(): boolean {
    if (this.hasRoom) return this.hasSharedRoom;
    this.#isWanted = true;
    this.#startStall();
    return false;
  }

  /** Queues the frame. Returns false if the platform has ended the stream without calling `cancel`. */
  send(frame: Uint8Array): boolean {
    try {
      this.#controller.enqueue(frame);
    } catch {
      this.#end();
      return false;
    }
    this.#report();
    return true;
  }

  /** Ends the stream after the queued frames. */
  close(): void {
    if (this.#closing || this.#over) return;
    this.#closing = true;
    this.#closeOnceTaken();
  }

  /** Ends the stream immediately and drops the queued frames. */
  breakOff(reason: string): void {
    if (this.#over) return;
    // error() frees the queue, close() does not.
    this.#controller.error(new ClientGone(reason));
    this.#end();
  }

  #closeOnceTaken(): void {
    if (this.#over) return;
    if (this.#queuedBytes > 0) {
      this.#startStall();
      return;
    }
    this.#controller.close();
    this.#end();
  }

  #startStall(): void {
    if (this.#stall) return;
    const stall = new AbortController();
    this.#stall = stall;
    void this.#options.clock.sleep(STALL_MS, stall.signal).then(() => {
      if (stall.signal.aborted || this.#over) return;
      this.#options.onStall();
      this.breakOff('the client reads nothing');
    });
  }

  get #queuedBytes(): number {
    return QUEUE_BYTES_MAX - (this.#controller.desiredSize ?? QUEUE_BYTES_MAX);
  }

  #report(): void {
    this.#options.shared?.queued(this.#queuedBytes);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stall?.abort();
    this.#options.shared?.leave();
    this.#options.onOver();
  }
}
