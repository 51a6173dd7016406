/**
 * Who listens to one execution: open streams and waiting requests. Counts them against the limits, tells them that
 * something changed, and does what is due for streams as time passes: heartbeats, expiry, a bounded life, and the question
 * whether the key is still good, once per key and not per stream (invariant 6).
 */
import type { Clock } from '../../core/clock.ts';
import type { Failure } from '../../core/errors.ts';
import type { UpstreamState } from './event-frames.ts';
import type { StreamRequest } from '../executions.ts';
import { KEY_CHECK_MS, type KeyAnswer, StreamKey } from './stream-key.ts';
import type { Subscriber } from './subscriber.ts';

/** Streams and waiters of one execution: what one object (one thread, 128 MB) serves with ease. */
export const LISTENERS_MAX = 1_000;
/** A stream's life, ± 20 %: long enough to be cheap, short enough that load spreads after a deploy. */
export const STREAM_LIFE_MS = 15 * 60_000;
const STREAM_LIFE_SPREAD = 0.2;
/** Who leaves is seen gone at the next write; so often everybody is written to when places are short. */
const PROBE_EVERY_MS = 250;
/** Where coming back helps: after this long, at the earliest. */
const FULL_RETRY_SECONDS = 10;

/** What a heartbeat tells of the poll. */
export interface PollState {
  readonly pollIntervalMs: number;
  readonly upstream: UpstreamState;
}

interface OpenStream {
  readonly subscriber: Subscriber;
  readonly request: StreamRequest;
  readonly closesAtMs: number;
  readonly key: StreamKey;
}

export interface ListenersOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** May the key still read this execution? Never rejects. */
  readonly stillAllowed: (grant: unknown) => Promise<KeyAnswer>;
  /** Something may be due earlier than `dueAtMs` said: a key's end was moved. */
  readonly onDueChanged?: () => void;
  readonly listenersMax?: number;
}

export class Listeners {
  readonly #options: ListenersOptions;
  readonly #streams = new Map<Subscriber, OpenStream>();
  /** Requests that wait; for a stream that is about to open, its key. */
  readonly #waiters = new Set<{ readonly keyId: string | undefined }>();
  #changed = Promise.withResolvers<void>();
  #keyCheckAtMs = Infinity;
  #probedAtMs = -Infinity;

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#streams.size + this.#waiters.size;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Why one more can't be taken; undefined: it can. */
  refusal(stream?: Pick<StreamRequest, 'keyId' | 'streamLimit'>): Failure | undefined {
    const { listenersMax = LISTENERS_MAX } = this.#options;
    if (this.count >= listenersMax) return { type: 'overloaded', retryAfterSeconds: FULL_RETRY_SECONDS };
    if (!stream) return undefined;
    let ofKey = 0;
    for (const { request } of this.#streams.values()) if (request.keyId === stream.keyId) ofKey++;
    for (const { keyId } of this.#waiters) if (keyId === stream.keyId) ofKey++;
    if (ofKey >= stream.streamLimit)
      return { type: 'too-many-streams', retryAfterSeconds: FULL_RETRY_SECONDS };
    return undefined;
  }

  /** Counts a waiting request, or a stream that is about to open, until the returned function is called. */
  wait(stream?: Pick<StreamRequest, 'keyId'>): () => void {
    const waiter = { keyId: stream?.keyId };
    this.#waiters.add(waiter);
    return () => {
      this.#waiters.delete(waiter);
    };
  }

  add(subscriber: Subscriber, request: StreamRequest): void {
    const { clock, random } = this.#options;
    const spread = 1 + STREAM_LIFE_SPREAD * (2 * random() - 1);
    const now = clock.now();
    const closesAtMs = now + Math.round(STREAM_LIFE_MS * spread);
    if (this.#streams.size === 0) this.#keyCheckAtMs = now + KEY_CHECK_MS;
    this.#streams.set(subscriber, { subscriber, request, closesAtMs, key: new StreamKey(request, now) });
  }

  remove(subscriber: Subscriber): void {
    this.#streams.delete(subscriber);
  }

  /** Resolves at the next `notify`. */
  changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** There is something new, or nothing to come any more: streams send, waiters look again. */
  notify(): void {
    const changed = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    changed.resolve();
    for (const subscriber of this.#streams.keys()) void subscriber.pump();
  }

  /** When `tick` has something to do, in clock milliseconds. */
  dueAtMs(): number {
    let due = this.#streams.size > 0 ? this.#keyCheckAtMs : Infinity;
    for (const { subscriber, closesAtMs, key } of this.#streams.values()) {
      due = Math.min(due, subscriber.heartbeatAtMs, closesAtMs, key.endsAtMs, key.askAtMs);
    }
    return due;
  }

  /** Does what is due. */
  tick(state: PollState): void {
    const now = this.#options.clock.now();
    const heartbeat = this.#heartbeat(state);
    for (const { subscriber, closesAtMs, key } of this.#streams.values()) {
      const over = key.over(now);
      if (over) subscriber.close(over);
      else if (now >= closesAtMs) subscriber.close();
      else if (now >= subscriber.heartbeatAtMs) {
        subscriber.heartbeat(heartbeat);
        // A stream that could not read its history when it wanted to tries again here, at the latest.
        void subscriber.pump();
      }
    }
    if (now >= this.#keyCheckAtMs) {
      this.#keyCheckAtMs = now + KEY_CHECK_MS;
      void this.#checkKeys([...this.#streams.values()]);
    } else {
      const ending = [...this.#streams.values()].filter(({ key }) => now >= key.askAtMs);
      if (ending.length > 0) void this.#checkKeys(ending);
    }
  }

  /** The newest page was read, and nothing is new: for those who have not been told yet that they have all. */
  headRead(): void {
    for (const subscriber of this.#streams.keys()) if (!subscriber.caughtUp) void subscriber.pump();
  }

  /**
   * Writes to everybody, also to who was written to just now: they may have left since. workerd notices only when it writes
   * that a client is gone: without this, those who left within the last 15 s would keep others out.
   */
  probe(state: PollState): void {
    const now = this.#options.clock.now();
    if (now < this.#probedAtMs + PROBE_EVERY_MS) return;
    this.#probedAtMs = now;
    const heartbeat = this.#heartbeat(state);
    for (const subscriber of this.#streams.keys()) subscriber.heartbeat(heartbeat);
  }

  #heartbeat(state: PollState) {
    return { timestamp: new Date(this.#options.clock.now()).toISOString(), ...state };
  }

  /** Ends all streams, each with what it has: a reconnect goes on from there. */
  closeAll(failure?: Failure): void {
    for (const subscriber of this.#streams.keys()) subscriber.close(failure);
  }

  /** All keys at once: one after the other, a thousand of them would take longer than a revocation may. */
  async #checkKeys(streams: readonly OpenStream[]): Promise<void> {
    const { clock, stillAllowed, onDueChanged } = this.#options;
    const byGrant = Map.groupBy(streams, ({ request }) => JSON.stringify(request.grant));
    const checks = [...byGrant.values()].map(async (ofOne) => {
      for (const { key } of ofOne) key.asked(clock.now());
      const answer = await stillAllowed(ofOne[0]?.request.grant);
      for (const { subscriber, key } of ofOne) {
        const refused = key.learn(answer, clock.now());
        if (refused) subscriber.close(refused);
      }
      if (answer.ok) onDueChanged?.();
    });
    await Promise.all(checks);
  }
}
