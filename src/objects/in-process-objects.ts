/**
 * Objects by name, like Durable Objects on Workers. Each name has one object in this process, with its own
 * timer. Objects with requests or work are kept. If there are too many idle objects, the oldest are dropped.
 */
import type { Clock } from '../core/clock.ts';
import { LruMap } from '../core/lru-map.ts';
import type { RunBounds } from './run-bounds.ts';

export interface InProcessObject {
  /** True if dropping the object would lose only its caches. */
  readonly idle: boolean;
  readonly streams: number;
  /**
   * Does the work that is due. Returns when to call it again, in clock milliseconds, or undefined if no work
   * is planned. Never throws.
   */
  run(bounds: RunBounds): Promise<number | undefined>;
  /** Ends all streams, so that clients reconnect elsewhere. */
  closeStreams(): void;
}

/** Makes an object. The object calls `wake` to request a `run` at that time or earlier. */
export type MakeObject<T> = (wake: (atMs: number) => void) => T;

/** One object and the number of its requests in progress. */
interface Entry<T> {
  readonly name: string;
  readonly object: T;
  requests: number;
}

export class InProcessObjects<T extends InProcessObject> {
  readonly #clock: Clock;
  readonly #busy = new Map<string, Entry<T>>();
  readonly #idle: LruMap<string, Entry<T>>;
  readonly #closing = new AbortController();

  /** `idleMax`: how many idle objects are kept. */
  constructor(clock: Clock, idleMax: number) {
    this.#clock = clock;
    this.#idle = new LruMap({ max: idleMax });
  }

  /** How many streams are open on all objects. */
  get streams(): number {
    return [...this.#busy.values()].reduce((sum, { object }) => sum + object.streams, 0);
  }

  /**
   * Passes a request to the object of this name, which is not dropped while the request runs. Otherwise, a
   * second object of the same name could call upstream at the same time (invariant 3).
   */
  async ask<R>(name: string, make: MakeObject<T>, question: (object: T) => Promise<R>): Promise<R> {
    const entry = this.#open(name, make);
    entry.requests++;
    this.#markBusy(entry);
    try {
      return await question(entry.object);
    } finally {
      entry.requests--;
      this.#restIfIdle(entry);
    }
  }

  /**
   * Like `ask`, to open a stream. If the process begins to shut down meanwhile, the stream ends immediately,
   * and the client reconnects to the next process.
   */
  openStream<R>(name: string, make: MakeObject<T>, open: (object: T) => Promise<R>): Promise<R> {
    return this.ask(name, make, async (object) => {
      const stream = await open(object);
      if (this.#closing.signal.aborted) object.closeStreams();
      return stream;
    });
  }

  /** Returns a signal that is also aborted at shutdown, so that waiting requests are answered then. */
  untilClosing(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
  }

  /** Ends all streams and timers. */
  close(): void {
    this.#closing.abort();
    for (const { object } of [...this.#busy.values(), ...this.#idle.values()]) object.closeStreams();
  }

  #open(name: string, make: MakeObject<T>): Entry<T> {
    const known = this.#busy.get(name) ?? this.#idle.get(name);
    if (known) return known;
    const timer = createWakeTimer(this.#clock, this.#closing.signal, () => {
      this.#markBusy(entry);
      void entry.object.run({ forMs: Infinity, callsMax: Infinity }).then((nextMs) => {
        if (nextMs !== undefined) timer(nextMs);
        this.#restIfIdle(entry);
      });
    });
    const object = make((atMs) => {
      this.#markBusy(entry);
      timer(atMs);
    });
    const entry: Entry<T> = { name, object, requests: 0 };
    return entry;
  }

  #markBusy(entry: Entry<T>): void {
    this.#busy.set(entry.name, entry);
    this.#idle.delete(entry.name);
  }

  #restIfIdle(entry: Entry<T>): void {
    if (entry.requests > 0 || !entry.object.idle) return;
    this.#busy.delete(entry.name);
    this.#idle.set(entry.name, entry);
  }
}

/** A timer that fires at the earliest time it was set to. */
function createWakeTimer(clock: Clock, closing: AbortSignal, fire: () => void): (atMs: number) => void {
  let set: { atMs: number; cancel: AbortController } | undefined;
  return (atMs) => {
    if (closing.aborted || (set && set.atMs <= atMs)) return;
    set?.cancel.abort();
    const mine = { atMs, cancel: new AbortController() };
    set = mine;
    const either = AbortSignal.any([closing, mine.cancel.signal]);
    void clock.sleep(Math.max(0, atMs - clock.now()), either).then(() => {
      if (set !== mine || closing.aborted) return;
      set = undefined;
      fire();
    });
  };
}
