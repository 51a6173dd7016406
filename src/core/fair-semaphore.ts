/**
 * A semaphore that is fair between tenants. It bounds how many tasks run at the same time, and gives permits
 * to waiting tenants round-robin. So even if a tenant has a thousand tasks waiting, at most one of them gets
 * a permit before another tenant's first task.
 *
 * On Workers, a request that waits or works can be cancelled without notice. So each waiter polls for its
 * permit. A waiter that stops polling loses its place, and a permit expires after `permitMsMax`. A waiter
 * that polls again after a stall of the isolate gets its place back. Waiters do not wake each other, because
 * workerd cancels a request as hung if it waits without a timer of its own.
 */
import type { Clock } from './clock.ts';

/**
 * The polling interval is this times the number of waiters. So a few waiters poll often, and a thousand
 * waiters do not keep the isolate busy.
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
   * The line with the lowest number is served next. When one of its waiters gets a permit, the line gets the
   * highest number.
   */
  turn: number;
  /** In order of arrival. */
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
  /** Permits in use, with the time at which each was issued. */
  readonly #inUse = new Map<object, number>();
  /** The lines by tenant, in the order of their turns. A line always has a waiter. */
  readonly #lines = new Map<string, Line>();
  #waiters = 0;
  #numbers = 0;

  constructor(options: FairSemaphoreOptions) {
    this.#options = options;
  }

  /**
   * `signal` aborts when the request is cancelled, and then releases the permit. On Workers, the code after
   * the `await` does not run in a cancelled request.
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

  /** Returns the waiter that gets the next permit. Removes waiters that have stopped polling. */
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

  /**
   * Adds a waiter in the order of arrival and turn, so that a waiter that was removed gets its place back.
   */
  #enter(waiter: Waiter): void {
    const before = waiter.line;
    const line = this.#lines.get(before.tenant) ?? before;
    if (line !== before) {
      // This waiter was removed together with its line, and another waiter of the tenant has opened a new
      // line since. The new line gets the earlier of the two turns. Moving the old line to the end ensures
      // that this happens only once.
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

  /** Removes a waiter, which must be the first of its line. */
  #leave(waiter: Waiter): void {
    const { line } = waiter;
    line.waiters.shift();
    waiter.isInLine = false;
    this.#waiters--;
    if (line.waiters.length === 0) this.#lines.delete(line.tenant);
  }

  /** Moves the tenant's line behind those of all other tenants. */
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
