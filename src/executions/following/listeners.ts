/**
 * The listeners of one execution or list: open streams and waiting requests. Counts them (slots.ts), notifies
 * them of changes, and does what is due for streams as time passes: heartbeats, and what closes them
 * (stream-watch.ts).
 */
import { type Failure, type Result, fail } from '../../core/errors.ts';
import type { UpstreamState } from '../../messages/upstream-state.ts';
import type { GrantedStream } from '../executions.ts';
import { type SlotHolder, Slots } from './slots.ts';
import { StreamWatch, type StreamWatchOptions, type WatchedStream } from './stream-watch.ts';

/** Disconnects surface only on write. When slots are scarce, probe every stream at this interval. */
const PROBE_EVERY_MS = 250;
/** How long a disconnect may take to surface after a write. */
const PROBE_MS = 250;

/** What a heartbeat reports of the poll. */
export interface PollState {
  readonly pollIntervalMs: number;
  readonly upstream: UpstreamState;
}

/** The state that a heartbeat sends. */
export interface Heartbeat extends PollState {
  /** ISO 8601. */
  readonly timestamp: string;
}

/** A stream that listens: a subscriber of a history, or of a list. */
export interface Listener extends WatchedStream {
  /** It has sent `caught-up`. */
  readonly caughtUp: boolean;
  /** When the next heartbeat is due, in clock milliseconds. */
  readonly heartbeatAtMs: number;
  /** Sends as much as there is room for. A promise only if it has to wait. Never throws or rejects. */
  pump(): Promise<void> | undefined;
  heartbeat(state: Heartbeat): void;
}

/** Who opened a stream, and what was granted. */
export type ListenerRequest = SlotHolder & GrantedStream;

export interface ListenersOptions extends StreamWatchOptions {
  readonly listenersMax?: number;
}

export class Listeners {
  readonly #options: ListenersOptions;
  readonly #watch: StreamWatch;
  /** Each with the function that frees its slot. */
  readonly #streams = new Map<Listener, () => void>();
  readonly #slots: Slots;
  #changed = Promise.withResolvers<void>();
  #probedAtMs = -Infinity;
  /**
   * A lower bound of the time when something is due, so that checking it costs the same with any number of
   * streams. Undefined: not known.
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
   * Does the work with a slot, of a waiting request or of a stream that is about to open. Before a refusal it
   * finds out which clients have disconnected, and frees their slots.
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
    // No await between this check and taking the slot, so that a thousand clients that connect at once are
    // counted.
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

  /** Resolves at the next `notify`. */
  changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** The history or its state has changed: streams send, waiting requests look again. */
  notify(): void {
    const changed = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    changed.resolve();
    for (const subscriber of this.#streams.keys()) void subscriber.pump();
  }

  /**
   * When `tick` may have something to do, in clock milliseconds. A heartbeat may have become unnecessary by
   * then.
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

  /** Does what is due. */
  tick(state: PollState): void {
    this.#dueAtMs = undefined;
    // First, so that a stream that is closed gets the reason, and no heartbeat.
    this.#watch.tick();
    const now = this.#options.clock.now();
    const heartbeat = this.#heartbeat(state);
    for (const subscriber of this.#streams.keys()) {
      if (now < subscriber.heartbeatAtMs) continue;
      subscriber.heartbeat(heartbeat);
      // A stream that could not read its history before retries here, at the latest.
      void subscriber.pump();
    }
  }

  /** The newest page was read without news: streams that are not caught up yet may be so now. */
  headRead(): void {
    for (const subscriber of this.#streams.keys()) if (!subscriber.caughtUp) void subscriber.pump();
  }

  /**
   * Writes to every stream, also to those written to just now. workerd notices a disconnect only when it
   * writes: without this, clients that left within the last 15 s would keep others out.
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

  /** Ends all streams, each after its last whole frame: a reconnect resumes from there. */
  closeAll(failure?: Failure): void {
    for (const subscriber of this.#streams.keys()) subscriber.close(failure);
  }
}
