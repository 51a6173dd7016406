/**
 * A bounded map that evicts the least recently used entries. It bounds the number of entries, their total
 * size, their age, or any combination. Values are synchronous, so that all requests of an isolate can share a
 * map.
 *
 * Replaces lru-cache, which would be 8 % of the Worker, although we need only a tenth of it
 * (docs/decisions/0010-an-lru-map-of-our-own.md).
 */
export interface LruMapOptions<V> {
  /** The maximum number of entries. */
  readonly max?: number;
  /** The maximum sum of `sizeOf` over all values. A single value that exceeds this is not stored. */
  readonly maxSize?: number;
  readonly sizeOf?: (value: V) => number;
  /** Entries expire this long after they were set. Requires `now`. */
  readonly maxAgeMs?: number;
  /** Returns the current time in milliseconds. */
  readonly now?: () => number;
}

interface Entry<V> {
  readonly value: V;
  readonly size: number;
  readonly goneAtMs: number;
}

export class LruMap<K, V> {
  readonly #max: number;
  readonly #maxSize: number;
  readonly #sizeOf: (value: V) => number;
  readonly #maxAgeMs: number;
  readonly #now: () => number;
  /** Least recently used first: a Map iterates in the order in which keys were added. */
  readonly #entries = new Map<K, Entry<V>>();
  #size = 0;

  constructor(options: LruMapOptions<V>) {
    this.#max = options.max ?? Infinity;
    this.#maxSize = options.maxSize ?? Infinity;
    this.#sizeOf = options.sizeOf ?? (() => 0);
    this.#maxAgeMs = options.maxAgeMs ?? Infinity;
    this.#now = options.now ?? (() => 0);
  }

  /** The sum of the sizes of all values, not the number of entries. */
  get size(): number {
    return this.#size;
  }

  /** Returns the value and makes it the most recently used one. */
  get(key: K): V | undefined {
    const entry = this.#fresh(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Returns the value without making it the most recently used one. */
  peek(key: K): V | undefined {
    return this.#fresh(key)?.value;
  }

  has(key: K): boolean {
    return this.#fresh(key) !== undefined;
  }

  /** Adds or replaces a value. `maxAgeMs` overrides the map's maximum age for this entry. */
  set(key: K, value: V, maxAgeMs = this.#maxAgeMs): void {
    this.delete(key);
    const size = this.#sizeOf(value);
    if (size > this.#maxSize) return;
    this.#entries.set(key, { value, size, goneAtMs: this.#now() + maxAgeMs });
    this.#size += size;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#max && this.#size <= this.#maxSize) return;
      this.delete(oldest);
    }
  }

  delete(key: K): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#size -= entry.size;
  }

  /** The keys, least recently used first. Expired entries can be among them. */
  keys(): MapIterator<K> {
    return this.#entries.keys();
  }

  /** Values that have not expired, least recently used first. */
  *values(): Generator<V> {
    for (const key of this.#entries.keys()) {
      const entry = this.#fresh(key);
      if (entry) yield entry.value;
    }
  }

  #fresh(key: K): Entry<V> | undefined {
    const entry = this.#entries.get(key);
    if (!entry || this.#now() < entry.goneAtMs) return entry;
    this.delete(key);
    return undefined;
  }
}
