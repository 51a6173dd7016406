/**
 * The listeners of one execution or list: open streams and waiting requests. Counts them (slots.ts), notifies them of changes,
 * and does what is due for streams as time passes: heartbeats, the end of a stream's life, and key checks (key-watch.ts).
 */
import type { Clock } from '../../core/clock.ts';
import { type Failure, type Result, fail, ok } from '../../core/errors.ts';
import type { UpstreamState } from '../../messages/upstream-state.ts';
import { type KeyedStream, KeyWatch, type KeyWatchOptions } from './key-watch.ts';
import { type SlotHolder, Slots } from './slots.ts';
import type { GrantedStream } from './stream-key.ts';

/** A stream's life, ± 20 %: long enough to be cheap, short enough that load spreads after a deploy. */
export const STREAM_LIFE_MS = 15 * 60_000;
const STREAM_LIFE_SPREAD = 0.2;
export const STREAM_LIFE_MS_MAX = STREAM_LIFE_MS * (1 + STREAM_LIFE_SPREAD);
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
export interface Listener extends KeyedStream {
  /** It has sent `caught-up`. */
  readonly caughtUp: boolean;
  /** When the next heartbeat is due, in clock milliseconds. */
  readonly heartbeatAtMs: number;
  /** Sends as much as there is room for. A promise only if it has to wait. Never throws or rejects. */
  pump(): Promise<void> | undefined;
  heartbeat(state: Heartbeat): void;
  /** Ends the stream after a whole frame, with the failure if there is one. */
  close(failure?: Failure): void;
}

/** Who opened a stream, and what was granted. */
export type ListenerRequest = SlotHolder & GrantedStream;

interface OpenStream {
  readonly leave: () => void;
  readonly closesAtMs: number;
}

export interface ListenersOptions extends KeyWatchOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly listenersMax?: number;
}

export class Listeners {
  readonly #options: ListenersOptions;
  readonly #keys: KeyWatch;
  readonly #streams = new Map<Listener, OpenStream>();
  readonly #slots: Slots;
  #changed = Promise.withResolvers<void>();
  #probedAtMs = -Infinity;
  /** Not later than anything due, so that a look at it costs the same with any number of streams. Undefined: not known. */
  #dueAtMs: number | undefined;

  constructor(options: ListenersOptions) {
    this.#options = options;
    this.#keys = new KeyWatch({
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

  /** Whose the listeners are. */
  get tenants(): readonly string[] {
    return this.#slots.tenants;
  }

  /** See `Slots`. */
  refusal(reader: SlotHolder): Failure | undefined {
    return this.#slots.refusal(reader);
  }

  /** As `wait`. Before a refusal it finds out which clients have disconnected, and frees their slots. */
  async enter(
    reader: SlotHolder,
    state: PollState,
    signal: AbortSignal | undefined,
  ): Promise<Result<() => void>> {
    if (this.refusal(reader)) {
      this.probe(state);
      await this.#options.clock.sleep(PROBE_MS, signal);
    }
    // No await between this check and taking the slot, so that a thousand clients that connect at once are counted.
    const refusal = this.refusal(reader);
    return refusal ? fail(refusal) : ok(this.wait(reader));
  }

  /** Counts a waiting request, or a stream that is about to open, until the returned function is called. */
  wait(reader: SlotHolder): () => void {
    return this.#slots.take(reader);
  }

  add(subscriber: Listener, request: ListenerRequest): void {
    const { clock, random } = this.#options;
    const closesAtMs = clock.now() + streamLifeMs(random);
    this.#streams.set(subscriber, { leave: this.#slots.take(request), closesAtMs });
    const keyDueAtMs = this.#keys.add(subscriber, request);
    if (this.#dueAtMs !== undefined)
      this.#dueAtMs = Math.min(this.#dueAtMs, subscriber.heartbeatAtMs, closesAtMs, keyDueAtMs);
  }

  remove(subscriber: Listener): void {
    this.#streams.get(subscriber)?.leave();
    this.#streams.delete(subscriber);
    this.#keys.remove(subscriber);
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

  /** When `tick` may have something to do, in clock milliseconds: a heartbeat can have become unnecessary since. */
  dueAtMs(): number {
    if (this.#streams.size === 0) return Infinity;
    this.#dueAtMs ??= this.#firstDueAtMs();
    return this.#dueAtMs;
  }

  #firstDueAtMs(): number {
    let due = this.#keys.dueAtMs();
    for (const [subscriber, { closesAtMs }] of this.#streams) {
      due = Math.min(due, subscriber.heartbeatAtMs, closesAtMs);
    }
    return due;
  }

  /** Does what is due. */
  tick(state: PollState): void {
    this.#dueAtMs = undefined;
    // First, so that a stream whose key has ended gets the reason, and no heartbeat.
    this.#keys.tick();
    const now = this.#options.clock.now();
    const heartbeat = this.#heartbeat(state);
    for (const [subscriber, { closesAtMs }] of this.#streams) {
      if (now >= closesAtMs) subscriber.close();
      else if (now >= subscriber.heartbeatAtMs) {
        subscriber.heartbeat(heartbeat);
        // A stream that could not read its history before retries here, at the latest.
        void subscriber.pump();
      }
    }
  }

  /** The newest page was read without news: streams that are not caught up yet may be so now. */
  headRead(): void {
    for (const subscriber of this.#streams.keys()) if (!subscriber.caughtUp) void subscriber.pump();
  }

  /**
   * Writes to every stream, also to those written to just now. workerd notices a disconnect only when it writes: without
   * this, clients that left within the last 15 s would keep others out.
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

export const streamLifeMs = (random: () => number): number =>
  Math.round(STREAM_LIFE_MS * (1 + STREAM_LIFE_SPREAD * (2 * random() - 1)));
