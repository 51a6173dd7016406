/**
 * Runs work of many tenants, only some pieces at once. Tenants get their turns round-robin, so a tenant with a thousand pieces
 * delays another one's by at most as many pieces as run at once.
 *
 * On Workers the request that waits, or works, may be cancelled without a sign. So a waiter starts itself, is skipped when it no
 * longer looks, and a turn ends after `turnMsMax` in any case.
 */
import type { Clock } from './clock.ts';

/** How often a waiter looks again by itself. The end of another turn wakes it earlier. */
const LOOK_EVERY_MS = 250;
/** A waiter that has not looked for this long is gone. */
const GONE_AFTER_MS = 4 * LOOK_EVERY_MS;

export interface FairTurnsOptions {
  readonly clock: Clock;
  readonly atOnce: number;
  readonly turnMsMax: number;
}

interface Waiter {
  readonly tenant: string;
  lookedAtMs: number;
  wake: () => void;
}

export class FairTurns {
  readonly #options: FairTurnsOptions;
  /** Turns in progress, and when they began. */
  readonly #running = new Map<object, number>();
  /** The tenant whose turn is next comes first. */
  readonly #waiting = new Map<string, Waiter[]>();

  constructor(options: FairTurnsOptions) {
    this.#options = options;
  }

  async run<T>(tenant: string, work: () => Promise<T>): Promise<T> {
    const turn = await this.#begin(tenant);
    try {
      return await work();
    } finally {
      this.#running.delete(turn);
      this.#next()?.wake();
    }
  }

  async #begin(tenant: string): Promise<object> {
    const { clock } = this.#options;
    const waiter: Waiter = { tenant, lookedAtMs: clock.now(), wake: () => {} };
    const ofTenant = this.#waiting.get(tenant);
    if (ofTenant) ofTenant.push(waiter);
    else this.#waiting.set(tenant, [waiter]);
    while (!this.#mayBegin(waiter)) {
      const woken = new AbortController();
      waiter.wake = () => woken.abort();
      await clock.sleep(LOOK_EVERY_MS, woken.signal);
      waiter.lookedAtMs = clock.now();
    }
    this.#remove(waiter);
    this.#running.set(waiter, clock.now());
    // More than one turn may be free.
    this.#next()?.wake();
    return waiter;
  }

  #mayBegin(waiter: Waiter): boolean {
    const { clock, atOnce, turnMsMax } = this.#options;
    for (const [turn, beganAtMs] of this.#running) {
      if (clock.now() - beganAtMs > turnMsMax) this.#running.delete(turn);
    }
    return this.#running.size < atOnce && this.#next() === waiter;
  }

  /** Whose turn it is. Forgets waiters that are gone. */
  #next(): Waiter | undefined {
    const now = this.#options.clock.now();
    for (const [tenant, waiters] of this.#waiting) {
      for (let first = waiters[0]; first; first = waiters[0]) {
        if (now - first.lookedAtMs <= GONE_AFTER_MS) return first;
        waiters.shift();
      }
      this.#waiting.delete(tenant);
    }
    return undefined;
  }

  /** Its tenant's next waiter comes after those of all other tenants. */
  #remove({ tenant }: Waiter): void {
    const waiters = this.#waiting.get(tenant) ?? [];
    waiters.shift();
    this.#waiting.delete(tenant);
    if (waiters.length > 0) this.#waiting.set(tenant, waiters);
  }
}
