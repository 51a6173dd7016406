/**
 * Records when a key was last used, to the precision of an hour, as best effort. The time is in a record of
 * its own, so writing it cannot overwrite anything important. Each process remembers what it has recorded,
 * and reads the record before writing it. So all processes together write about once an hour per key.
 */
import { LruMap } from '../../core/lru-map.ts';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { Entry, KeyValueStore } from '../../storage/key-value.ts';
import { createRecordParser, KEY_RECORD_VERSION, keyUseSchema, recordText, usedName } from './key-record.ts';

export const USE_NOTED_EVERY_MS = 60 * 60 * 1000;
/** For this many keys, the last recorded time is kept in memory. For others, the record is read again. */
const KEYS_REMEMBERED_MAX = 1000;
/** How long KV is allowed to answer from its cache. This is short compared with the precision of an hour. */
const CACHE_TTL_SECONDS = 600;

/**
 * Records that a key was used. If there is nothing to write, which is usual, returns undefined. Otherwise
 * returns a promise that never rejects, for `waitUntil`. Requests do not wait for it.
 */
export type NoteUse = (keyId: string) => Promise<void> | undefined;

export function createNoteUse({
  store,
  clock,
  log,
}: {
  store: KeyValueStore;
  clock: Clock;
  log: Log;
}): NoteUse {
  const notedAtMs = new LruMap<string, number>({ max: KEYS_REMEMBERED_MAX });

  const note = async (keyId: string, now: number): Promise<void> => {
    const name = usedName(keyId);
    try {
      const last = lastUse(keyId, await store.get(name, { cacheTtlSeconds: CACHE_TTL_SECONDS }), log);
      if (last !== undefined && now - Date.parse(last) < USE_NOTED_EVERY_MS) return;
      const at = new Date(now).toISOString();
      await store.put(name, recordText(keyUseSchema, { v: KEY_RECORD_VERSION, keyId, at }));
    } catch (error) {
      log({ event: 'key-use-not-noted', level: 'warn', keyId, error: String(error) });
    }
  };

  return (keyId) => {
    const now = clock.now();
    const noted = notedAtMs.get(keyId);
    if (noted !== undefined && now - noted < USE_NOTED_EVERY_MS) return undefined;
    // Set this before the work begins, so that a burst of requests writes only once. A failed write is
    // retried an hour later.
    notedAtMs.set(keyId, now);
    return note(keyId, now);
  };
}

/** The recorded time, ISO 8601. Undefined if there is no record or it can't be read. */
export const lastUse = (keyId: string, entry: Entry | undefined, log: Log): string | undefined =>
  entry === undefined ? undefined : createRecordParser(keyId, log)(keyUseSchema, usedName(keyId), entry)?.at;
