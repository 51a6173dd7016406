/**
 * The key-value port over a Workers KV namespace.
 *
 * - Raises shorter times to KV's minimums: 60 s until an entry expires, 30 s in the cache.
 * - KV refuses a second write of a key within a second (429). Such a write is retried a few times, a second
 *   apart. Other errors of writes are thrown unchanged.
 * - In the location that wrote it, a change is nearly always visible immediately. Elsewhere it can take 60 s
 *   or more. Misses are cached, too, so do not read a key before it is created.
 *
 * Source: developers.cloudflare.com/kv, and miniflare's namespace.worker.
 */
import { systemClock, type Clock } from '../core/clock.ts';
import {
  CACHE_TTL_SECONDS_MIN,
  type Entry,
  type GetOptions,
  type KeyValueStore,
  type ListedKey,
  type ListOptions,
  type PutOptions,
} from './key-value.ts';
import { atLeastMinimumTtl, checkKeyCount, checkListLimit, StoreRefusal } from './store-limits.ts';

interface KvEntry {
  readonly value: string | null;
  readonly metadata: unknown;
}

interface KvReadOptions {
  readonly type: 'text';
  readonly cacheTtl: number;
}

/**
 * The part of a `KVNamespace` that this adapter uses. Declared here, so that no platform types are needed.
 */
export interface KvNamespace {
  getWithMetadata(key: string, options: KvReadOptions): Promise<KvEntry>;
  getWithMetadata(keys: string[], options: KvReadOptions): Promise<Map<string, KvEntry | null>>;
  put(key: string, value: string, options?: { expirationTtl?: number; metadata?: unknown }): Promise<void>;
  delete(key: string): Promise<void>;
  list(options: { prefix: string; cursor?: string | null; limit?: number }): Promise<{
    readonly keys: readonly {
      readonly name: string;
      readonly metadata?: unknown;
      /** In epoch seconds. */
      readonly expiration?: number;
    }[];
    readonly list_complete: boolean;
    readonly cursor?: string;
  }>;
}

/** How many times a refused write is retried, a second apart. After that the 429 is thrown. */
export const WRITE_RETRIES_MAX = 3;
const WRITE_INTERVAL_MS = 1000;

export const createWorkersKvStore = (namespace: KvNamespace, clock: Clock = systemClock): KeyValueStore => ({
  async get(key, options) {
    return entryOf(await namespace.getWithMetadata(key, readOptions(options)));
  },

  async getMany(keys, options) {
    checkKeyCount(keys);
    if (keys.length === 0) return [];
    const found = await namespace.getWithMetadata([...keys], readOptions(options));
    return keys.map((key) => entryOf(found.get(key)));
  },

  async put(key, value, options) {
    const kvOptions = putOptions(options);
    await afterItsSecond(clock, () => namespace.put(key, value, kvOptions));
  },

  async delete(key) {
    await afterItsSecond(clock, () => namespace.delete(key));
  },

  async list(options: ListOptions) {
    // Checked here, because workerd ignores a limit of 0 and lists a thousand keys.
    const page = await refusalsKnown(namespace.list({ ...options, limit: checkListLimit(options.limit) }));
    return {
      keys: page.keys.map(({ name, metadata, expiration }): ListedKey => ({
        name,
        metadata: metadata ?? undefined,
        ...(expiration !== undefined && { expiresAtMs: expiration * 1000 }),
      })),
      ...(!page.list_complete && page.cursor !== undefined && { cursor: page.cursor }),
    };
  },
});

const readOptions = (options: GetOptions | undefined): KvReadOptions => ({
  type: 'text',
  cacheTtl: Math.max(CACHE_TTL_SECONDS_MIN, Math.ceil(options?.cacheTtlSeconds ?? CACHE_TTL_SECONDS_MIN)),
});

const putOptions = ({ metadata, ttlSeconds }: PutOptions = {}) => ({
  ...(metadata !== undefined && { metadata }),
  ...(ttlSeconds !== undefined && { expirationTtl: atLeastMinimumTtl(ttlSeconds) }),
});

const entryOf = (entry: KvEntry | null | undefined): Entry | undefined =>
  entry === null || entry === undefined || entry.value === null
    ? undefined
    : { value: entry.value, metadata: entry.metadata ?? undefined };

async function afterItsSecond(clock: Clock, write: () => Promise<void>): Promise<void> {
  for (let retries = 0; ; retries++) {
    try {
      return await write();
    } catch (error) {
      if (retries === WRITE_RETRIES_MAX || !isTooManyWrites(error)) throw error;
    }
    await clock.sleep(WRITE_INTERVAL_MS);
  }
}

/**
 * Throws a StoreRefusal for an invalid request, such as a cursor that KV did not issue. Other errors mean
 * that the store failed.
 */
async function refusalsKnown<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && /\b400\b/.test(error.message)) throw new StoreRefusal(400, error.message);
    throw error;
  }
}

/** KV's errors have no code, only a message: "KV PUT failed: 429 Too Many Requests". */
const isTooManyWrites = (error: unknown): boolean => error instanceof Error && /\b429\b/.test(error.message);
