/** A clock that only tests advance. */
import type { Clock } from '../../src/core/clock.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export class ManualClock implements Clock {
  #now: number;
  #sleepers: Sleeper[] = [];

  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const sleeper: Sleeper = {
        at: this.#now + Math.max(0, ms),
        wake: () => {
          this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
          signal?.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', sleeper.wake, { once: true });
    });
  }

  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** The number of pending sleeps. With 0, nothing is waiting for time to pass. */
  get sleepers(): number {
    return this.#sleepers.length;
  }

  /** When the next sleeper wakes, in milliseconds since the epoch. */
  get nextWakeAt(): number | undefined {
    return this.#sleepers.length === 0 ? undefined : Math.min(...this.#sleepers.map(({ at }) => at));
  }

  /** Advances time. Wakes sleepers in order of time, and lets their work finish before time advances further. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = this.nextWakeAt;
      if (next === undefined || next > end) break;
      this.#now = Math.max(this.#now, next);
      for (const sleeper of this.#sleepers.filter(({ at }) => at <= this.#now)) sleeper.wake();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

/**
 * After this many turns of the event loop, all work counts as finished. Microtasks alone are not enough for streams.
 */
const QUIET_TURNS = 5;

/**
 * The number of running WebCrypto operations, for example for AWS signatures. They run in other threads, and turns of
 * the event loop do not wait for them.
 */
let cryptoJobs = 0;

for (const name of ['digest', 'sign', 'verify', 'importKey'] as const) {
  const original: (...args: never[]) => Promise<unknown> = SubtleCrypto.prototype[name];
  Object.defineProperty(SubtleCrypto.prototype, name, {
    value(this: SubtleCrypto, ...args: never[]) {
      cryptoJobs++;
      return original.apply(this, args).finally(() => {
        cryptoJobs--;
      });
    },
  });
}

/** Runs all work that can run without time passing, including follow-up work. */
export async function settle(): Promise<void> {
  for (let quiet = 0; quiet < QUIET_TURNS; quiet = cryptoJobs === 0 ? quiet + 1 : 0) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
