/**
 * The key-value port: what the archive and the key store need of a store. Adapters: workers-kv.ts, deno-kv.ts, memory.ts.
 * One contract suite (test/storage/key-value-contract.ts) holds them all. Limits are those of Workers KV, the strictest:
 * each adapter refuses what KV refuses, so that nothing works on one runtime alone.
 *
 * Adapters throw on failure (a store that is down is not an expected value everywhere); who can do without the store
 * catches at the call, logs, and goes on.
 */

/** Workers KV: a key is at most 512 bytes of UTF-8. */
export const KEY_BYTES_MAX = 512;
/** Workers KV: a value is at most 25 MiB. */
export const VALUE_BYTES_MAX = 25 * 1024 * 1024;
/** Workers KV: serialized metadata is at most 1,024 bytes. */
export const METADATA_BYTES_MAX = 1024;
/** Workers KV: nothing expires sooner than in 60 s. The floor is applied here, once, by the adapters. */
export const TTL_SECONDS_MIN = 60;
/** Workers KV: a place answers from its own cache for 30 s at the least. The floor is applied here, too. */
export const CACHE_TTL_SECONDS_MIN = 30;
/** Workers KV lists at most 1,000 keys at once. */
export const LIST_KEYS_MAX = 1000;
/** Workers KV reads at most 100 keys at once. */
export const GET_MANY_KEYS_MAX = 100;

export interface Entry {
  readonly value: string;
  /** Whatever was put beside the value. Parse it: it comes from outside. */
  readonly metadata: unknown;
}

export interface PutOptions {
  readonly metadata?: unknown;
  /** The entry is gone after this long; raised to 60 s when shorter. */
  readonly ttlSeconds?: number;
}

export interface ListedKey {
  readonly name: string;
  readonly metadata: unknown;
}

export interface ListOptions {
  readonly prefix: string;
  /** What the last answer gave. Opaque. */
  readonly cursor?: string;
  /** 1 to 1,000. */
  readonly limit?: number;
}

export interface GetOptions {
  /**
   * How long this place may answer from its own cache, a miss included; KV takes 30 s at the least, and that is the
   * default here. Raise it for what never changes (pages under a generation of their own).
   */
  readonly cacheTtlSeconds?: number;
}

export interface KeyValueStore {
  get(key: string, options?: GetOptions): Promise<Entry | undefined>;
  /**
   * Up to 100 keys in one read, each answer at its key's index. Not a snapshot: each key is as fresh as its own `get`.
   * On Workers this is one operation of the 1,000 that an invocation has, however many keys it names.
   */
  getMany(keys: readonly string[], options?: GetOptions): Promise<readonly (Entry | undefined)[]>;
  put(key: string, value: string, options?: PutOptions): Promise<void>;
  delete(key: string): Promise<void>;
  /** Keys in the order of their UTF-8 bytes. `cursor` is absent on the last answer. Eventually consistent. */
  list(options: ListOptions): Promise<{ readonly keys: readonly ListedKey[]; readonly cursor?: string }>;
}
