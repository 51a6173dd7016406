/**
 * The listeners of one execution or list: open streams and waiting requests. Counts them (slots.ts) and
 * notifies them of changes. For streams, also sends heartbeats and closes them in time (stream-watch.ts).
 */
import { type Failure, type Result, fail } from '../../core/errors.ts';
import type { UpstreamState } from '../../messages/upstream-state.ts';
import type { GrantedStream } from '../executions.ts';
import { type SlotHolder, Slots } from './slots.ts';
import { StreamWatch, type StreamWatchOptions, type WatchedStream } from './stream-watch.ts';

/**
 * A disconnect surfaces only when the stream is written to. When slots are scarce, write to every stream, at
 * most once in this interval.
 */
const PROBE_EVERY_MS = 250;
/** How long to wait after a write until a disconnect has surfaced. */
const PROBE_MS = 250;

/** The state of polling that a heartbeat reports. */
export interface PollState {
  readonly pollIntervalMs: number;
  readonly upstream: UpstreamState;
}

/** The data of a heartbeat. */
export interface Heartbeat extends PollState {
  /** The time of the heartbeat, in ISO 8601. */
  readonly timestamp: string;
}

/** An open stream: a subscriber of a history or of a list. */
export interface Listener extends WatchedStream {
  /** True if the stream has sent `caught-up`. */
  readonly caughtUp: boolean;
  /** When the next heartbeat is due, in clock milliseconds. */
  readonly heartbeatAtMs: number;
  /**
   * Sends as much as the queue has room for. Returns a promise only if it has to wait. Never throws or
   * rejects.
   */
  pump(): Promise<void> | undefined;
  heartbeat(state: Heartbeat): void;
}

/** Who opened a stream, and the permission it was opened with. */
export type ListenerRequest = SlotHolder & GrantedStream;

export interface ListenersOptions extends StreamWatchOptions {
  readonly listenersMax?: number;
}

export class Listeners {
  readonly #options: ListenersOptions;
  readonly #watch: StreamWatch;
  /** Each stream, with the function that releases its slot. */
  readonly #streams = new Map<Listener, () => void>();
  readonly #slots: Slots;
  #changed = Promise.withResolvers<void>();
  #probedAtMs = -Infinity;
  /**
   * Caches a lower bound for `dueAtMs`, so that the loop need not check every stream. Undefined if it must be
   * computed again.
   */
  #dueAtMs: number | undefined;

  constructor(options: ListenersOptions) {
    this.#options = options;
    this.#watch = new StreamWatch({
      ...options,
      onDueChanged: () => {
        this.#dueAtMs = undefined;
        options.onDueChanged?.();
      },
    });
    this.#slots = new Slots(options.listenersMax);
  }

  get count(): number {
    return this.#slots.count;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** The tenants of the listeners. */
  get tenants(): readonly string[] {
    return this.#slots.tenants;
  }

  /** See `Slots`. */
  refusal(reader: SlotHolder): Failure | undefined {
    return this.#slots.refusal(reader);
  }

  /**
   * Takes a slot for a waiting request, or for a stream that is about to open, and releases it after `work`.
   * If no slot is free, first probes all streams, so that disconnected clients release their slots.
   */
  async withSlot<T>(
    reader: SlotHolder,
    state: PollState,
    signal: AbortSignal | undefined,
    work: () => Promise<Result<T>>,
  ): Promise<Result<T>> {
    if (this.refusal(reader)) {
      this.probe(state);
      await this.#options.clock.sleep(PROBE_MS, signal);
    }
    // No await between this check and taking the slot, so that clients that connect at the same time cannot
    // exceed the limit.
    const refusal = this.refusal(reader);
    if (refusal) return fail(refusal);
    const leave = this.wait(reader);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** Counts a waiting request, or a stream that is about to open, until the returned function is called. */
  wait(reader: SlotHolder): () => void {
    return this.#slots.take(reader);
  }

  add(subscriber: Listener, request: ListenerRequest): void {
    this.#streams.set(subscriber, this.#slots.take(request));
    const watchDueAtMs = this.#watch.add(subscriber, request);
    if (this.#dueAtMs !== undefined)
      this.#dueAtMs = Math.min(this.#dueAtMs, subscriber.heartbeatAtMs, watchDueAtMs);
  }

  remove(subscriber: Listener): void {
    this.#streams.get(subscriber)?.();
    this.#streams.delete(subscriber);
    this.#watch.remove(subscriber);
  }

  /** Returns a promise that resolves at the next `notify`. */
  changed(): Promise<void> {
    return this.#changed.promise;
  }

  /**
   * Called when the history or its state has changed. Streams send what is new, and waiting requests look
   * again.
   */
  notify(): void {
    const changed = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    changed.resolve();
    for (const subscriber of this.#streams.keys()) void subscriber.pump();
  }

  /**
   * Returns when to call `tick` next, in clock milliseconds. Can be too early, because each frame that a
   * stream sends postpones its heartbeat.
   */
  dueAtMs(): number {
    if (this.#streams.size === 0) return Infinity;
    this.#dueAtMs ??= this.#firstDueAtMs();
    return this.#dueAtMs;
  }

  #firstDueAtMs(): number {
    let due = this.#watch.dueAtMs();
    for (const { heartbeatAtMs } of this.#streams.keys()) due = Math.min(due, heartbeatAtMs);
    return due;
  }

  /** Sends the heartbeats that are due, and closes streams whose time is over. */
  tick(state: PollState): void {
    this.#dueAtMs = undefined;
    // Close streams first, so that a stream that must close gets no heartbeat.
    this.#watch.tick();
    const now = this.#options.clock.now();
    const heartbeat = this.#heartbeat(state);
    for (const subscriber of this.#streams.keys()) {
      if (now < subscriber.heartbeatAtMs) continue;
      subscriber.heartbeat(heartbeat);
      // A stream whose last read has failed retries now, if it has not retried since.
      void subscriber.pump();
    }
  }

  /** Called when the newest page was read and had no news. Streams that were not caught up might be now. */
  headRead(): void {
    for (const subscriber of this.#streams.keys()) if (!subscriber.caughtUp) void subscriber.pump();
  }

  /**
   * Writes to every stream, because workerd notices a disconnect only on write. Otherwise, clients that left
   * up to 15 s ago would still occupy slots that new clients need.
   */
  probe(state: PollState): void {
    const now = this.#options.clock.now();
    if (now < this.#probedAtMs + PROBE_EVERY_MS) return;
    this.#probedAtMs = now;
    const heartbeat = this.#heartbeat(state);
    for (const subscriber of this.#streams.keys()) subscriber.heartbeat(heartbeat);
  }

  #heartbeat(state: PollState): Heartbeat {
    return { timestamp: new Date(this.#options.clock.now()).toISOString(), ...state };
  }

  /** Ends all streams, each after a whole frame, so that a reconnect resumes after that frame. */
  closeAll(failure?: Failure): void {
    for (const subscriber of this.#streams.keys()) subscriber.close(failure);
  }
}
