/**
 * The key-value port that the archive and the API keys use. Adapters: workers-kv.ts, deno-kv.ts, and in
 * memory for tests. One contract suite (test/storage/key-value-contract.ts) tests them all. The limits are
 * those of Workers KV, the strictest store: each adapter refuses what KV refuses, so that nothing works on
 * one runtime only.
 *
 * Adapters throw when the store fails. Callers that can do without the store catch that, log it and continue.
 */

/** Workers KV: a key is at most 512 bytes of UTF-8. */
export const KEY_BYTES_MAX = 512;
/** Workers KV: a value is at most 25 MiB. */
export const VALUE_BYTES_MAX = 25 * 1024 * 1024;
/** Workers KV: serialized metadata is at most 1,024 bytes. */
export const METADATA_BYTES_MAX = 1024;
/** Workers KV: the shortest life of an entry is 60 s. The adapters raise shorter ones. */
export const TTL_SECONDS_MIN = 60;
/** Workers KV: a location answers from its own cache for at least 30 s. The adapters raise shorter times. */
export const CACHE_TTL_SECONDS_MIN = 30;
/** Workers KV lists at most 1,000 keys at once. */
export const LIST_KEYS_MAX = 1000;
/** Workers KV reads at most 100 keys at once. */
export const GET_MANY_KEYS_MAX = 100;

export interface Entry {
  readonly value: string;
  /** The metadata that was put with the value. Parse it: it comes from outside. */
  readonly metadata: unknown;
}

export interface PutOptions {
  readonly metadata?: unknown;
  /** The entry expires after this long; at least 60 s. */
  readonly ttlSeconds?: number;
}

export interface ListedKey {
  readonly name: string;
  readonly metadata: unknown;
  /** When the entry expires, in clock milliseconds, to a second. Absent: never. */
  readonly expiresAtMs?: number;
}

export interface ListOptions {
  readonly prefix: string;
  /** The cursor of the previous answer. Opaque. */
  readonly cursor?: string;
  /** 1 to 1,000. */
  readonly limit?: number;
}

export interface GetOptions {
  /**
   * How long this location may answer from its own cache, misses included. Default and minimum: 30 s, as in
   * KV. Raise it for entries that never change (pages under a generation of their own).
   */
  readonly cacheTtlSeconds?: number;
}

export interface KeyValueStore {
  get(key: string, options?: GetOptions): Promise<Entry | undefined>;
  /**
   * Reads up to 100 keys; answers are in the order of the keys. Not a snapshot: each key is as fresh as with
   * `get`. On Workers it counts as one of the 1,000 operations of an invocation.
   */
  getMany(keys: readonly string[], options?: GetOptions): Promise<readonly (Entry | undefined)[]>;
  put(key: string, value: string, options?: PutOptions): Promise<void>;
  delete(key: string): Promise<void>;
  /** Keys in the order of their UTF-8 bytes. `cursor` is absent on the last answer. Eventually consistent. */
  list(options: ListOptions): Promise<{ readonly keys: readonly ListedKey[]; readonly cursor?: string }>;
}
