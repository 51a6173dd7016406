/**
 * A key-value store in memory, for tests only. It refuses exactly the calls that Workers KV refuses, including a second
 * write of a key within a second. Entries expire by the given clock. The size is unlimited. It does not simulate KV's
 * caches or the delay until a change reaches other locations.
 */
import { Buffer } from 'node:buffer';

import type { Clock } from '../../src/core/clock.ts';
import type {
  Entry,
  GetOptions,
  KeyValueStore,
  ListedKey,
  ListOptions,
  PutOptions,
} from '../../src/storage/key-value.ts';
import {
  atLeastMinimumTtl,
  checkKey,
  checkKeyCount,
  checkListLimit,
  checkPrefix,
  checkValue,
  serializeMetadata,
  StoreRefusal,
} from '../../src/storage/store-limits.ts';
import { decodeListCursor, encodeListCursor } from '../../src/storage/list-cursor.ts';

export interface MemoryStoreOptions {
  readonly clock: Clock;
  /**
   * If true, a second write of a key within a second is refused with 429, as in KV. Tests that write a key more often
   * switch it off. Default: true.
   */
  readonly oneWritePerSecond?: boolean;
}

interface StoredEntry {
  readonly value: string;
  readonly metadataJson: string | undefined;
  readonly expiresAtMs: number;
}

const WRITE_INTERVAL_MS = 1000;
/** The maximum number of remembered write times. At this number, those older than a second are removed. */
const WRITE_TIMES_MAX = 10_000;

export const createMemoryStore = (options: MemoryStoreOptions): KeyValueStore => new MemoryStore(options);

class MemoryStore implements KeyValueStore {
  readonly #clock: Clock;
  readonly #oneWritePerSecond: boolean;
  readonly #entries = new Map<string, StoredEntry>();
  readonly #writtenAtMs = new Map<string, number>();

  constructor({ clock, oneWritePerSecond = true }: MemoryStoreOptions) {
    this.#clock = clock;
    this.#oneWritePerSecond = oneWritePerSecond;
  }

  async get(key: string, _options?: GetOptions): Promise<Entry | undefined> {
    return this.#read(checkKey(key));
  }

  async getMany(keys: readonly string[], _options?: GetOptions): Promise<readonly (Entry | undefined)[]> {
    checkKeyCount(keys);
    return keys.map((key) => this.#read(checkKey(key)));
  }

  async put(key: string, value: string, options: PutOptions = {}): Promise<void> {
    const name = checkKey(key);
    const entry: StoredEntry = {
      value: checkValue(value),
      metadataJson: serializeMetadata(options.metadata),
      expiresAtMs:
        options.ttlSeconds === undefined
          ? Number.POSITIVE_INFINITY
          : this.#clock.now() + atLeastMinimumTtl(options.ttlSeconds) * 1000,
    };
    this.#noteWrite(name);
    this.#entries.set(name, entry);
  }

  async delete(key: string): Promise<void> {
    const name = checkKey(key);
    this.#noteWrite(name);
    this.#entries.delete(name);
  }

  async list({
    prefix,
    cursor,
    limit,
  }: ListOptions): Promise<{ keys: readonly ListedKey[]; cursor?: string }> {
    const start = checkPrefix(prefix);
    const most = checkListLimit(limit);
    const after = cursor === undefined ? undefined : decodeListCursor(cursor);
    const names = [...this.#entries.keys()]
      .filter((name) => name.startsWith(start) && (after === undefined || byUtf8(name, after) > 0))
      .filter((name) => this.#read(name) !== undefined)
      .toSorted(byUtf8);
    const page = names.slice(0, most);
    const last = page.at(-1);
    return {
      keys: page.map((name) => {
        const expiresAtMs = this.#entries.get(name)?.expiresAtMs ?? Infinity;
        return { name, metadata: this.#read(name)?.metadata, ...(expiresAtMs < Infinity && { expiresAtMs }) };
      }),
      ...(names.length > page.length && last !== undefined && { cursor: encodeListCursor(last) }),
    };
  }

  #read(name: string): Entry | undefined {
    const stored = this.#entries.get(name);
    if (stored === undefined) return undefined;
    if (stored.expiresAtMs <= this.#clock.now()) {
      this.#entries.delete(name);
      return undefined;
    }
    const { value, metadataJson } = stored;
    return { value, metadata: metadataJson === undefined ? undefined : JSON.parse(metadataJson) };
  }

  #noteWrite(name: string): void {
    if (!this.#oneWritePerSecond) return;
    const now = this.#clock.now();
    const last = this.#writtenAtMs.get(name);
    if (last !== undefined && now - last < WRITE_INTERVAL_MS) {
      throw new StoreRefusal(429, 'KV PUT failed: 429 Too Many Requests');
    }
    if (this.#writtenAtMs.size >= WRITE_TIMES_MAX) {
      for (const [other, at] of this.#writtenAtMs) {
        if (now - at >= WRITE_INTERVAL_MS) this.#writtenAtMs.delete(other);
      }
    }
    this.#writtenAtMs.set(name, now);
  }
}

/** KV sorts keys by their UTF-8 bytes. JavaScript's default order is by UTF-16 code units, which differs. */
const byUtf8 = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
