/**
 * A map with a bound: it evicts the least recently used entries. Bounds are a number of entries, a total size, an age, or any
 * of them together. Synchronous values only, so that all requests of an isolate can share one.
 *
 * Our own instead of lru-cache, which would be 8 % of the Worker: we use a tenth of it (docs/decisions/).
 */
export interface LruMapOptions<V> {
  /** Entries at most. */
  readonly max?: number;
  /** The sum of `sizeOf` over all values at most. A value that is larger by itself is not kept. */
  readonly maxSize?: number;
  readonly sizeOf?: (value: V) => number;
  /** An entry is not found any more this long after it was set. Needs `now`. */
  readonly maxAgeMs?: number;
  /** Milliseconds. */
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
  /** Least recently used first: a Map keeps the order in which keys were added. */
  readonly #entries = new Map<K, Entry<V>>();
  #size = 0;

  constructor(options: LruMapOptions<V>) {
    this.#max = options.max ?? Infinity;
    this.#maxSize = options.maxSize ?? Infinity;
    this.#sizeOf = options.sizeOf ?? (() => 0);
    this.#maxAgeMs = options.maxAgeMs ?? Infinity;
    this.#now = options.now ?? (() => 0);
  }

  /** The sum of the sizes of all values. */
  get size(): number {
    return this.#size;
  }

  /** The value, which becomes the most recently used one. */
  get(key: K): V | undefined {
    const entry = this.#fresh(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** The value, without a change of the order. */
  peek(key: K): V | undefined {
    return this.#fresh(key)?.value;
  }

  has(key: K): boolean {
    return this.#fresh(key) !== undefined;
  }

  /** Adds or replaces a value. `maxAgeMs`: for this entry, in place of the map's own. */
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

  clear(): void {
    this.#entries.clear();
    this.#size = 0;
  }

  /** Least recently used first. May include entries that are too old. */
  keys(): MapIterator<K> {
    return this.#entries.keys();
  }

  /** Values that are not too old, least recently used first. */
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
