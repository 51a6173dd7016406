/**
 * The key-value port that the archive and the API keys use. Adapters: workers-kv.ts, deno-kv.ts, and in
 * memory for tests. One contract suite (test/storage/key-value-contract.ts) tests them all. The limits are
 * those of Workers KV, the strictest store. All adapters enforce them, so that code that works on one runtime
 * also works on the others.
 *
 * Adapters throw if the store fails. Callers that can do without the store catch and log the error, and
 * continue.
 */

/** Workers KV: a key is at most 512 bytes of UTF-8. */
export const KEY_BYTES_MAX = 512;
/** Workers KV: a value is at most 25 MiB. */
export const VALUE_BYTES_MAX = 25 * 1024 * 1024;
/** Workers KV: serialized metadata is at most 1,024 bytes. */
export const METADATA_BYTES_MAX = 1024;
/** Workers KV: entries live for at least 60 s. The adapters raise shorter times. */
export const TTL_SECONDS_MIN = 60;
/** Workers KV: a location caches entries for at least 30 s. The adapters raise shorter times. */
export const CACHE_TTL_SECONDS_MIN = 30;
/** Workers KV lists at most 1,000 keys in one call. */
export const LIST_KEYS_MAX = 1000;
/** Workers KV reads at most 100 keys in one call. */
export const GET_MANY_KEYS_MAX = 100;

export interface Entry {
  readonly value: string;
  /** The metadata that was stored with the value. Validate it, because it comes from outside. */
  readonly metadata: unknown;
}

export interface PutOptions {
  readonly metadata?: unknown;
  /** The entry expires after this time, which is at least 60 s. */
  readonly ttlSeconds?: number;
}

export interface ListedKey {
  readonly name: string;
  readonly metadata: unknown;
  /** When the entry expires, in clock milliseconds, exact to a second. Absent if it never expires. */
  readonly expiresAtMs?: number;
}

export interface ListOptions {
  readonly prefix: string;
  /** The opaque cursor from the previous answer. */
  readonly cursor?: string;
  /** 1 to 1,000. */
  readonly limit?: number;
}

export interface GetOptions {
  /**
   * How long this location may cache the answer, even a miss. Default and minimum: 30 s, as in KV. Use a
   * longer time for entries that never change, such as archive pages.
   */
  readonly cacheTtlSeconds?: number;
}

export interface KeyValueStore {
  get(key: string, options?: GetOptions): Promise<Entry | undefined>;
  /**
   * Reads up to 100 keys. Returns entries in the order of the keys. They are not a snapshot: each can be as
   * old as with `get`. On Workers the call counts as one of an invocation's 1,000 operations.
   */
  getMany(keys: readonly string[], options?: GetOptions): Promise<readonly (Entry | undefined)[]>;
  put(key: string, value: string, options?: PutOptions): Promise<void>;
  delete(key: string): Promise<void>;
  /**
   * Lists keys in the order of their UTF-8 bytes. `cursor` is absent on the last page. Eventually consistent.
   */
  list(options: ListOptions): Promise<{ readonly keys: readonly ListedKey[]; readonly cursor?: string }>;
}
