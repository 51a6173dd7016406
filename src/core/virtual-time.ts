/**
 * Decides which of the waiting tenants gets the next call. Uses start-time fair queueing (Goyal, Vin and
 * Cheng, SIGCOMM 1996), treating all calls as equally long. Each tenant has a virtual time at which its next
 * call may start. The tenant with the earliest time is served, and its next start moves one call later. So a
 * tenant's first call waits for at most one call of each other tenant, and an idle tenant does not save up
 * calls. No I/O, no clock.
 */

/**
 * A tenant's debt is the number of calls by which its next start is later than now. Up to this debt, it is
 * charged for a call that it caused in another tenant's turn. With more debt, the other tenant pays.
 * Otherwise two tenants could together get more than their share: one would cause calls, and the other, which
 * never pays, would wait for them.
 */
const OWED_MAX = 1;
/**
 * The maximum number of tenants that are remembered. If there are more, those whose next call could start now
 * are forgotten. If that is not enough, the tenant that was charged longest ago is forgotten, too.
 */
export const TENANTS_REMEMBERED_MAX = 1_000;

export class VirtualTime {
  /** The virtual start time of the call that was served last. */
  #now: number;
  /**
   * When the next call of each tenant may start, in virtual time. A tenant without an entry may start now.
   * The tenant that was charged last is at the end.
   */
  readonly #nextStarts: Map<string, number>;

  constructor(from?: VirtualTime) {
    this.#now = from ? from.#now : 0;
    this.#nextStarts = new Map(from ? from.#nextStarts : []);
  }

  /**
   * The tenant to serve next. If several may start equally early, returns the first of these in `tenants`.
   * Undefined if `tenants` is empty.
   */
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
   * Serves a call in this tenant's turn. Charges the tenant that caused the call or, if its debt exceeds
   * OWED_MAX, this tenant. Returns the tenant that was charged.
   */
  serve(tenant: string, causer = tenant): string {
    this.#now = this.#startOf(tenant);
    const payer = this.#startOf(causer) <= this.#now + OWED_MAX ? causer : tenant;
    this.charge(payer);
    return payer;
  }

  /** Charges one call: the tenant's next call may start one call later. */
  charge(tenant: string): void {
    const next = this.#startOf(tenant) + 1;
    this.#nextStarts.delete(tenant);
    this.#nextStarts.set(tenant, next);
    if (this.#nextStarts.size > TENANTS_REMEMBERED_MAX) this.#forget();
  }

  /**
   * Charges calls that were made some time ago; negative `calls` are a refund. Delays the tenant's next call
   * by at most OWED_MAX calls, because a tenant owes nothing for calls that it made while no other tenant
   * waited.
   */
  chargeLate(tenant: string, calls: number): void {
    const start = this.#startOf(tenant);
    const next = Math.min(start + calls, Math.max(start, this.#now + OWED_MAX));
    if (next > this.#now || this.#nextStarts.has(tenant)) this.#nextStarts.set(tenant, next);
  }

  /**
   * Sorts tenants by their last call, oldest first. In this order, `first` breaks ties in favour of the
   * tenant that was served longest ago.
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
