/**
 * Notes when a key was last used, about once an hour, as best effort. The note is a separate record, so that
 * writing it cannot overwrite anything important. A process remembers what it has noted, and reads the record
 * before it writes, so that all processes together write about once an hour.
 */
import { LruMap } from '../../core/lru-map.ts';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { Entry, KeyValueStore } from '../../storage/key-value.ts';
import { createRecordParser, KEY_RECORD_VERSION, keyUseSchema, recordText, usedName } from './key-record.ts';

export const USE_NOTED_EVERY_MS = 60 * 60 * 1000;
/** Keys whose last note is kept in memory. For others the record is read again. */
const KEYS_REMEMBERED_MAX = 1000;
/** KV may answer from its cache for this long, since the note is only precise to an hour. */
const CACHE_TTL_SECONDS = 600;

/**
 * Notes that a key was used. Usually there is nothing to do, and it returns undefined. Otherwise it returns a
 * promise for `waitUntil`, which never rejects and which no request waits for.
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
    // Set before the work begins, so that a burst of requests writes one note. A failed note is retried an
    // hour later.
    notedAtMs.set(keyId, now);
    return note(keyId, now);
  };
}

/** The time in the record, ISO 8601; undefined when it was never noted or can't be read. */
export const lastUse = (keyId: string, entry: Entry | undefined, log: Log): string | undefined =>
  entry === undefined ? undefined : createRecordParser(keyId, log)(keyUseSchema, usedName(keyId), entry)?.at;
