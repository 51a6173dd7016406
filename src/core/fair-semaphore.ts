/**
 * A semaphore that is fair between tenants: a bounded number of pieces of work run at once, and permits go to waiting tenants
 * round-robin. So a tenant with a thousand pieces delays another tenant's piece by at most as many as run at once.
 *
 * On Workers, a request that waits or works may be cancelled without notice. So each waiter polls for its permit, a waiter that has
 * stopped polling is skipped, and a permit expires after `permitMsMax`. No request wakes another: one that waits without a timer of
 * its own counts as hung there, and is cancelled.
 */
import type { Clock } from './clock.ts';

/** A waiter checks this often for each waiter before it: the first soon, a thousand of them not all the time. */
const POLL_MS_PER_WAITER = 5;
const POLL_MS_MAX = 250;
/** A waiter that has not polled for this long was cancelled. */
const GONE_AFTER_MS = 4 * POLL_MS_MAX;

export interface FairSemaphoreOptions {
  readonly clock: Clock;
  readonly atOnce: number;
  readonly permitMsMax: number;
}

interface Waiter {
  readonly tenant: string;
  polledAtMs: number;
}

export class FairSemaphore {
  readonly #options: FairSemaphoreOptions;
  /** Permits in use, and when each was issued. */
  readonly #inUse = new Map<object, number>();
  /** By tenant. The next tenant to get a permit comes first. */
  readonly #waiting = new Map<string, Waiter[]>();
  #waiters = 0;

  constructor(options: FairSemaphoreOptions) {
    this.#options = options;
  }

  /** `signal`: the request was cancelled. It releases the permit, since on Workers nothing after the `await` runs then. */
  async run<T>(tenant: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const permit = await this.#acquire(tenant);
    const release = () => {
      this.#inUse.delete(permit);
      signal?.removeEventListener('abort', release);
    };
    if (!signal?.aborted) signal?.addEventListener('abort', release);
    try {
      return await work();
    } finally {
      release();
    }
  }

  async #acquire(tenant: string): Promise<object> {
    const { clock } = this.#options;
    const waiter: Waiter = { tenant, polledAtMs: clock.now() };
    const ofTenant = this.#waiting.get(tenant);
    if (ofTenant) ofTenant.push(waiter);
    else this.#waiting.set(tenant, [waiter]);
    this.#waiters++;
    while (!this.#mayAcquire(waiter)) {
      await clock.sleep(Math.min(POLL_MS_MAX, POLL_MS_PER_WAITER * this.#waiters));
      waiter.polledAtMs = clock.now();
    }
    this.#remove(waiter);
    this.#inUse.set(waiter, clock.now());
    return waiter;
  }

  #mayAcquire(waiter: Waiter): boolean {
    const { clock, atOnce, permitMsMax } = this.#options;
    for (const [permit, issuedAtMs] of this.#inUse) {
      if (clock.now() - issuedAtMs > permitMsMax) this.#inUse.delete(permit);
    }
    return this.#inUse.size < atOnce && this.#next() === waiter;
  }

  /** The waiter that gets the next permit. Removes waiters that were cancelled. */
  #next(): Waiter | undefined {
    const now = this.#options.clock.now();
    for (const [tenant, waiters] of this.#waiting) {
      for (let first = waiters[0]; first; first = waiters[0]) {
        if (now - first.polledAtMs <= GONE_AFTER_MS) return first;
        waiters.shift();
        this.#waiters--;
      }
      this.#waiting.delete(tenant);
    }
    return undefined;
  }

  /** Moves the tenant's other waiters behind those of all other tenants. */
  #remove({ tenant }: Waiter): void {
    const waiters = this.#waiting.get(tenant) ?? [];
    waiters.shift();
    this.#waiters--;
    this.#waiting.delete(tenant);
    if (waiters.length > 0) this.#waiting.set(tenant, waiters);
  }
}
