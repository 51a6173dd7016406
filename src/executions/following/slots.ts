/**
 * Counts the slots of one execution that each key and tenant holds, and decides whether a reader gets another
 * one. Each stream and each waiting request holds a slot until it ends. No clock.
 *
 * A key has its own limit. A tenant can have many keys, but cannot take all slots of an execution: the
 * reserve keeps slots for other tenants.
 */
import { addTo } from '../../core/counts.ts';
import type { Failure } from '../../core/errors.ts';
import type { Reader } from '../executions.ts';

/**
 * How many streams and waiting requests one execution may have. One object (one thread, 128 MB) can serve
 * this many.
 */
export const LISTENERS_MAX = 1_000;
/** The share of the slots (the last 250 of 1,000) that is reserved for tenants with few slots. */
const RESERVED_SHARE = 1 / 4;
/** A tenant with fewer slots than this may take reserved ones. It takes 25 tenants to fill the reserve. */
export const FEW_SLOTS = 10;
/** How long a refused client should wait before it retries. */
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

  /** Returns why this reader gets no slot now, or undefined if it may take one. */
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
