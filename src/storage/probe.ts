/** Checks whether the store works by writing and reading one entry. The entry expires by itself. */
import type { Clock } from '../core/clock.ts';
import { type KeyValueStore, TTL_SECONDS_MIN } from './key-value.ts';

export interface StoreProbe {
  readonly ok: boolean;
  readonly ms: number;
  /** The store's own error text. Present only if not `ok`. */
  readonly reason?: string;
}

/**
 * `name` must be new each time, because Workers KV accepts only one write per second for a key. For the same
 * reason the entry is not deleted.
 */
export async function probeStore(store: KeyValueStore, name: string, clock: Clock): Promise<StoreProbe> {
  const startedAtMs = clock.now();
  const key = `probe/${name}`;
  try {
    await store.put(key, name, { ttlSeconds: TTL_SECONDS_MIN });
    // The value is not compared, because Workers KV might return an older one.
    await store.get(key);
    return { ok: true, ms: clock.now() - startedAtMs };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, ms: clock.now() - startedAtMs, reason };
  }
}
