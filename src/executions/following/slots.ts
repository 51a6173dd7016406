/**
 * The slots of one execution: how many each key and tenant holds, and whether it gets another one. Streams
 * and waiting requests take one each. No clock: a slot is held until it is released.
 *
 * A key is bounded by its own limit. A tenant, which may have many keys, is bounded by the reserve: it cannot
 * fill an execution, so every other tenant finds a slot.
 */
import { addTo } from '../../core/counts.ts';
import type { Failure } from '../../core/errors.ts';
import type { Reader } from '../executions.ts';

/** Streams and waiting requests of one execution. One object (one thread, 128 MB) can serve this many. */
export const LISTENERS_MAX = 1_000;
/** This share of the slots, the last 250 of 1,000, is reserved for tenants that hold few. */
const RESERVED_SHARE = 1 / 4;
/** A tenant with fewer slots of the execution may take reserved ones: 25 tenants fill the reserve. */
export const FEW_SLOTS = 10;
/** When to retry after a refusal, at the earliest. */
export const FULL_RETRY_SECONDS = 10;

export type SlotHolder = Pick<Reader, 'keyId' | 'tenant' | 'streamLimit'>;

export class Slots {
  readonly #max: number;
  readonly #ofKey = new Map<string, number>();
  readonly #ofTenant = new Map<string, number>();
  #count = 0;

  constructor(max = LISTENERS_MAX) {
    this.#max = max;
  }

  get count(): number {
    return this.#count;
  }

  /** The tenants that hold slots. */
  get tenants(): readonly string[] {
    return [...this.#ofTenant.keys()];
  }

  /** Why this reader gets no slot now; undefined: it may take one. */
  refusal({ keyId, tenant, streamLimit }: SlotHolder): Failure | undefined {
    const retryAfterSeconds = FULL_RETRY_SECONDS;
    if ((this.#ofKey.get(keyId) ?? 0) >= streamLimit) return { type: 'too-many-streams', retryAfterSeconds };
    if (this.#count >= this.#max) return { type: 'overloaded', retryAfterSeconds };
    const isReserved = this.#count >= this.#max * (1 - RESERVED_SHARE);
    if (!isReserved || (this.#ofTenant.get(tenant) ?? 0) < FEW_SLOTS) return undefined;
    return { type: 'overloaded', retryAfterSeconds, reserved: true };
  }

  /** Takes a slot until the returned function is called. */
  take({ keyId, tenant }: SlotHolder): () => void {
    this.#change(keyId, tenant, 1);
    let held = true;
    return () => {
      if (held) this.#change(keyId, tenant, -1);
      held = false;
    };
  }

  #change(keyId: string, tenant: string, by: 1 | -1): void {
    this.#count += by;
    addTo(this.#ofKey, keyId, by);
    addTo(this.#ofTenant, tenant, by);
  }
}
