/**
 * Which tenant is next among those that want calls: start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM
 * 1996), with calls of equal length. Each tenant has a virtual time at which its next call may start. The
 * tenant with the earliest one is served, and its next start is one call later. So a tenant's first call
 * waits for at most one call of each other tenant, and a tenant gets no extra calls for the time in which it
 * was idle. No I/O, no clock.
 */

/**
 * A tenant that owes more calls than this does not pay for a call that used another tenant's turn: the other
 * tenant pays. Otherwise two tenants could get more calls than their part: one would cause calls, and the
 * other, which never pays, would wait for them.
 */
const OWED_MAX = 1;
/**
 * Bounds the tenants that are remembered. Beyond it, those served longest ago are forgotten, because their
 * next call may start now anyway.
 */
export const TENANTS_REMEMBERED_MAX = 1_000;

export class VirtualTime {
  /** The start of the call that was served last. */
  #now: number;
  /**
   * When the next call of a tenant may start, if that is later than `#now`. The tenant served last comes
   * last.
   */
  readonly #nextStarts: Map<string, number>;

  constructor(from?: VirtualTime) {
    this.#now = from ? from.#now : 0;
    this.#nextStarts = new Map(from ? from.#nextStarts : []);
  }

  /** The tenant to serve next; of several with the same right, the first one. Undefined: no candidates. */
  first(tenants: Iterable<string>): string | undefined {
    let first: string | undefined;
    let startsAt = Infinity;
    for (const tenant of tenants) {
      const start = this.#startOf(tenant);
      if (start < startsAt) [first, startsAt] = [tenant, start];
    }
    return first;
  }

  /**
   * Serves a call at this tenant's turn. Returns the tenant that pays: the one that caused the call, unless
   * it owes too many.
   */
  serve(tenant: string, causer = tenant): string {
    this.#now = this.#startOf(tenant);
    const payer = this.#startOf(causer) <= this.#now + OWED_MAX ? causer : tenant;
    this.charge(payer);
    return payer;
  }

  /** Charges a call that was made without a turn: the tenant's next one starts later. */
  charge(tenant: string): void {
    const next = this.#startOf(tenant) + 1;
    this.#nextStarts.delete(tenant);
    this.#nextStarts.set(tenant, next);
    if (this.#nextStarts.size > TENANTS_REMEMBERED_MAX) this.#forget();
  }

  /**
   * Charges calls that were made some time ago, or gives them back if `calls` is negative. It delays the
   * tenant's next call by at most OWED_MAX calls: a tenant owes nothing for calls from a time when no other
   * tenant waited.
   */
  chargeLate(tenant: string, calls: number): void {
    const start = this.#startOf(tenant);
    const next = Math.min(start + calls, Math.max(start, this.#now + OWED_MAX));
    if (next > this.#now || this.#nextStarts.has(tenant)) this.#nextStarts.set(tenant, next);
  }

  /**
   * Tenants by the time of their last call, the oldest first. In this order, `first` resolves ties in favour
   * of the tenant that was served longest ago.
   */
  byLastServed(tenants: Iterable<string>): string[] {
    const places = new Map([...this.#nextStarts.keys()].map((tenant, place) => [tenant, place]));
    const placeOf = (tenant: string) => places.get(tenant) ?? -1;
    return [...tenants].toSorted((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1));
  }

  #startOf(tenant: string): number {
    return Math.max(this.#now, this.#nextStarts.get(tenant) ?? 0);
  }

  #forget(): void {
    for (const [tenant, next] of this.#nextStarts) if (next <= this.#now) this.#nextStarts.delete(tenant);
    const [oldest] = this.#nextStarts.keys();
    if (oldest !== undefined && this.#nextStarts.size > TENANTS_REMEMBERED_MAX)
      this.#nextStarts.delete(oldest);
  }
}
