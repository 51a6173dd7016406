/**
 * The queue of one stream: frames that its client has not read yet. It has its own bound, and streams may
 * share another one. A client that reads nothing is disconnected. Closing still sends what is queued;
 * breaking off drops it.
 */
import { ClientGone } from '../../core/client-gone.ts';
import type { Clock } from '../../core/clock.ts';

/** Per subscriber: 1,000 of them on one execution take at most 64 MB. */
export const QUEUE_BYTES_MAX = 64 * 1024;
/** A client that reads nothing for this long while messages wait has disconnected or hangs. */
export const STALL_MS = 30_000;
/**
 * How soon to look again for room that other streams have taken. On Workers their requests cannot wake this
 * one.
 */
const ROOM_RETRY_MS = 100;

/** The bytes that wait in the queues of many streams together. */
export interface SharedQueue {
  /** Whether another frame may be queued. */
  hasRoom(): boolean;
  /** How many bytes wait in this stream's queue now. */
  queued(bytes: number): void;
  /** The queue is empty for good: the client has everything, or has disconnected. Called once. */
  leave(): void;
}

export interface FrameQueueOptions {
  readonly clock: Clock;
  readonly shared?: SharedQueue;
  /** Called when there may be room again. */
  readonly onRoom: () => void;
  /** Called when a client that takes nothing is disconnected, before `onOver`. */
  readonly onStall: () => void;
  /** The client has disconnected, or was. Also called when the client has everything of a closed queue. */
  readonly onOver: () => void;
}

export class FrameQueue {
  readonly #options: FrameQueueOptions;
  readonly stream: ReadableStream<Uint8Array>;
  // Safety: `start` of the stream runs inside its constructor, before anything can read this.
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #closing = false;
  #over = false;
  #retrying = false;
  /** True if something waits for room. For most pulls nothing does, and they cost nothing. */
  #isWanted = false;
  /** Aborted by the next pull: stops the timer that would disconnect the client. */
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
            // Not awaited: the stream sends no other pull while one is pending, so the end of a stall would
            // not be noticed.
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

  /** Whether the bytes that many streams share have room. If not, looks again soon. */
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
   * Whether a message may be sent. If not, looks again in time, or disconnects a client that takes nothing.
   */
  roomOrStall(): boolean {
    if (this.hasRoom) return this.hasSharedRoom;
    this.#isWanted = true;
    this.#startStall();
    return false;
  }

  /** False: the stream was ended from outside without a cancel. */
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

  /** Ends the stream after what is queued. */
  close(): void {
    if (this.#closing || this.#over) return;
    this.#closing = true;
    this.#closeOnceTaken();
  }

  /** Ends the stream at once. */
  breakOff(reason: string): void {
    if (this.#over) return;
    // error() and not close(): it frees the queue.
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
      this.breakOff('the client takes nothing');
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
