/**
 * Limits the streams of archived histories in this isolate or process: their number, the bytes in their
 * queues, and how many read the archive at once. (An Execution limits its own listeners itself.)
 */
import type { Clock } from '../../core/clock.ts';
import { addTo } from '../../core/counts.ts';
import { type Result, fail, ok } from '../../core/errors.ts';
import { type ExecutionRef, executionKey } from '../../core/execution-ref.ts';
import { FairSemaphore } from '../../core/fair-semaphore.ts';
import type { Reader } from '../executions.ts';
import { STALL_MS, type SharedQueue } from './frame-queue.ts';
import { Slots } from './slots.ts';

/**
 * Limits the bytes in the queues of all archived streams together, to an eighth of an isolate's 128 MB. The
 * last frame can exceed this limit.
 */
export const QUEUED_BYTES_MAX = 16 * 1024 * 1024;
/** The last quarter is reserved for tenants that have fewer than FEW_QUEUED_BYTES queued. */
const QUEUED_BYTES_RESERVED = QUEUED_BYTES_MAX / 4;
export const FEW_QUEUED_BYTES = 256 * 1024;
/**
 * Each read decodes up to 4 MiB of an archive on the isolate's one thread, and needs several times that
 * memory. More concurrent reads would not be faster, but could run out of memory.
 */
export const ARCHIVE_READS_AT_ONCE = 4;
/**
 * After this time, a read no longer counts as running. It gets two keys, and the store may take 2 s for each
 * (STORE_TIMEOUT_MS), so 2 s are left for decoding.
 */
const READ_MS_MAX = 6_000;
/**
 * A stream without activity for this long has vanished: a stalled one would have been disconnected before. On
 * Workers a stream can vanish with its request, without notice.
 */
const GONE_AFTER_MS = 2 * STALL_MS;
const SWEEP_EVERY_MS = 1_000;

/** One stream's slot, and its share of the queued bytes. */
export interface ArchivedPlace extends SharedQueue {
  /** Releases the slot and the bytes. */
  leave(): void;
}

interface OpenStream {
  readonly tenant: string;
  bytes: number;
  touchedAtMs: number;
  readonly leave: () => void;
}

export class ArchivedStreams {
  readonly #clock: Clock;
  readonly #reads: FairSemaphore;
  readonly #slots = new Map<string, Slots>();
  readonly #held = new Set<OpenStream>();
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;
  #sweptAtMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#reads = new FairSemaphore({ clock, atOnce: ARCHIVE_READS_AT_ONCE, permitMsMax: READ_MS_MAX });
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  /**
   * Runs a read of the archive once fewer than ARCHIVE_READS_AT_ONCE are running. Waiting tenants are served
   * round-robin. `signal` is aborted when the client disconnects.
   */
  read<T>(tenant: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#reads.run(tenant, work, signal);
  }

  /** Takes a slot for a new stream of this history. */
  enter(ref: ExecutionRef, reader: Reader): Result<ArchivedPlace> {
    const name = executionKey(ref);
    if (this.#slots.get(name)?.refusal(reader)) this.#sweep();
    const slots = this.#slots.get(name) ?? new Slots();
    const refusal = slots.refusal(reader);
    if (refusal) return fail(refusal);
    this.#slots.set(name, slots);
    const release = slots.take(reader);
    const held: OpenStream = {
      tenant: reader.tenant,
      bytes: 0,
      touchedAtMs: this.#clock.now(),
      leave: () => {
        if (!this.#held.delete(held)) return;
        this.#change(held, 0);
        release();
        if (slots.count === 0 && this.#slots.get(name) === slots) this.#slots.delete(name);
      },
    };
    this.#held.add(held);
    return ok({
      hasRoom: () => this.#hasRoom(held),
      queued: (bytes) => {
        if (this.#held.has(held)) this.#change(held, bytes);
      },
      leave: held.leave,
    });
  }

  #hasRoom(held: OpenStream): boolean {
    held.touchedAtMs = this.#clock.now();
    if (this.#bytes >= QUEUED_BYTES_MAX - QUEUED_BYTES_RESERVED) this.#sweep();
    if (this.#bytes < QUEUED_BYTES_MAX - QUEUED_BYTES_RESERVED) return true;
    return this.#bytes < QUEUED_BYTES_MAX && (this.#bytesOf.get(held.tenant) ?? 0) < FEW_QUEUED_BYTES;
  }

  #change(held: OpenStream, bytes: number): void {
    addTo(this.#bytesOf, held.tenant, bytes - held.bytes);
    this.#bytes += bytes - held.bytes;
    held.bytes = bytes;
    held.touchedAtMs = this.#clock.now();
  }

  /** Releases the slots and bytes of streams that have vanished. */
  #sweep(): void {
    const now = this.#clock.now();
    if (now < this.#sweptAtMs + SWEEP_EVERY_MS) return;
    this.#sweptAtMs = now;
    for (const held of this.#held) if (now - held.touchedAtMs > GONE_AFTER_MS) held.leave();
  }
}
