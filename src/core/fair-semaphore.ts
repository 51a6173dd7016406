/**
 * A semaphore that is fair between tenants: a bounded number of pieces of work run at once, and permits go to
 * waiting tenants round-robin. So a tenant with a thousand pieces delays another tenant's piece by at most as
 * many as run at once.
 *
 * On Workers, a request that waits or works may be cancelled without notice. So each waiter polls for its
 * permit, a waiter that has stopped polling loses its place, and a permit expires after `permitMsMax`. A
 * waiter that polls again after a stall of the isolate gets its place back. No request wakes another, because
 * workerd treats a request that waits without a timer of its own as hung and cancels it.
 */
import type { Clock } from './clock.ts';

/**
 * A waiter's polling interval grows by this for each waiter before it: the first polls often, a thousand
 * together do not poll all the time.
 */
const POLL_MS_PER_WAITER = 5;
const POLL_MS_MAX = 250;
/** A waiter that has not polled for this long was cancelled, or the isolate stalled. */
const GONE_AFTER_MS = 4 * POLL_MS_MAX;

export interface FairSemaphoreOptions {
  readonly clock: Clock;
  readonly atOnce: number;
  readonly permitMsMax: number;
}

/** The waiters of one tenant. */
interface Line {
  readonly tenant: string;
  /**
   * The line with the lowest number is next. Changes when one of its waiters gets a permit, to the highest
   * number.
   */
  turn: number;
  /** By arrival. */
  readonly waiters: Waiter[];
}

interface Waiter {
  readonly arrival: number;
  line: Line;
  polledAtMs: number;
  isInLine: boolean;
}

export class FairSemaphore {
  readonly #options: FairSemaphoreOptions;
  /** Permits in use, and when each was issued. */
  readonly #inUse = new Map<object, number>();
  /** By tenant, in the order of their turns. No line is empty. */
  readonly #lines = new Map<string, Line>();
  #waiters = 0;
  #numbers = 0;

  constructor(options: FairSemaphoreOptions) {
    this.#options = options;
  }

  /**
   * `signal`: the request was cancelled. It releases the permit, since on Workers nothing after the `await`
   * runs then.
   */
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
    const waiter: Waiter = {
      arrival: this.#numbers++,
      line: this.#lines.get(tenant) ?? { tenant, turn: this.#numbers++, waiters: [] },
      polledAtMs: clock.now(),
      isInLine: false,
    };
    this.#enter(waiter);
    while (!this.#mayAcquire(waiter)) {
      await clock.sleep(Math.min(POLL_MS_MAX, POLL_MS_PER_WAITER * this.#waiters));
      waiter.polledAtMs = clock.now();
      if (!waiter.isInLine) this.#enter(waiter);
    }
    this.#leave(waiter);
    this.#endTurn(waiter.line);
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

  /** The waiter that gets the next permit. Waiters that have stopped polling leave. */
  #next(): Waiter | undefined {
    const now = this.#options.clock.now();
    for (const { waiters } of this.#lines.values()) {
      for (let first = waiters[0]; first; first = waiters[0]) {
        if (now - first.polledAtMs <= GONE_AFTER_MS) return first;
        this.#leave(first);
      }
    }
    return undefined;
  }

  /** By arrival and turn: so a waiter that had to leave gets its place back. */
  #enter(waiter: Waiter): void {
    const before = waiter.line;
    const line = this.#lines.get(before.tenant) ?? before;
    if (line !== before) {
      // Another waiter of the tenant came after this one had to leave. The tenant keeps its earlier turn,
      // once.
      line.turn = Math.min(line.turn, before.turn);
      before.turn = this.#numbers++;
      waiter.line = line;
    }
    const after = line.waiters.findLastIndex(({ arrival }) => arrival < waiter.arrival);
    line.waiters.splice(after + 1, 0, waiter);
    waiter.isInLine = true;
    this.#waiters++;
    this.#place(line);
  }

  /** Only the first waiter of a line leaves it. */
  #leave(waiter: Waiter): void {
    const { line } = waiter;
    line.waiters.shift();
    waiter.isInLine = false;
    this.#waiters--;
    if (line.waiters.length === 0) this.#lines.delete(line.tenant);
  }

  /** The tenant's other waiters, and those that return, go behind those of all other tenants. */
  #endTurn(line: Line): void {
    line.turn = this.#numbers++;
    if (line.waiters.length > 0) this.#place(line);
  }

  #place(line: Line): void {
    this.#lines.delete(line.tenant);
    const later = [...this.#lines.values()].filter(({ turn }) => turn > line.turn);
    for (const next of [line, ...later]) {
      this.#lines.delete(next.tenant);
      this.#lines.set(next.tenant, next);
    }
  }
}
