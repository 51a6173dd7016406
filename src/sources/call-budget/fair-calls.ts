/**
 * The waiting calls of one class (polls or reads), by tenant. Selects the next call so that it is fair
 * between tenants (virtual-time.ts). No I/O, no clock.
 */
import { VirtualTime } from '../../core/virtual-time.ts';

export class FairCalls<Call> implements Iterable<Call> {
  /** The calls of each tenant that has any. The tenant that has waited longest comes first. */
  readonly #calls = new Map<string, Set<Call>>();
  readonly #time = new VirtualTime();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  sizeOf(tenant: string): number {
    return this.#calls.get(tenant)?.size ?? 0;
  }

  counts(): Map<string, number> {
    return new Map([...this.#calls].map(([tenant, calls]) => [tenant, calls.size]));
  }

  *[Symbol.iterator](): Iterator<Call> {
    for (const calls of this.#calls.values()) yield* calls;
  }

  add(tenant: string, call: Call): void {
    const calls = this.#calls.get(tenant);
    if (calls) calls.add(call);
    else this.#calls.set(tenant, new Set([call]));
    this.#size++;
  }

  delete(tenant: string, call: Call): void {
    const calls = this.#calls.get(tenant);
    if (!calls?.delete(call)) return;
    this.#size--;
    if (calls.size === 0) this.#calls.delete(tenant);
  }

  /** The first call of `tenant`, by default of the tenant whose turn it is. */
  next(tenant = this.#time.first(this.#calls.keys())): Call | undefined {
    const [call] = (tenant !== undefined && this.#calls.get(tenant)) || [];
    return call;
  }

  /** See `VirtualTime.serve`. */
  serve(tenant: string, causer?: string): string {
    return this.#time.serve(tenant, causer);
  }

  /** See `VirtualTime.charge`. */
  charge(tenant: string): void {
    this.#time.charge(tenant);
  }

  /**
   * The maximum number of calls that are served before `call`. Without `call`, the maximum before a new call
   * of this tenant. While the tenant gets n turns, each other tenant gets at most n.
   */
  aheadOf(tenant: string, call?: Call): number {
    let index = 0;
    for (const other of this.#calls.get(tenant) ?? []) {
      if (other === call) break;
      index++;
    }
    let ahead = index;
    for (const [other, calls] of this.#calls) if (other !== tenant) ahead += Math.min(calls.size, index + 1);
    return ahead;
  }
}
