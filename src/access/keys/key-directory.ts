/**
 * Keys as admins look them up: one by its id, or all of them page by page. Reads the store every time, since an admin who
 * has just changed something wants to see it; the short memory is for requests.
 */
import type { Clock } from '../../core/clock.ts';
import { fail, invalid, ok, type Result } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Entry, KeyValueStore } from '../../storage/key-value.ts';
import { StoreRefusal } from '../../storage/store-limits.ts';
import { keyIdFrom } from './api-key.ts';
import {
  keyRecordNames,
  parseEachKeyRecord,
  parseKeyRecords,
  recordsRefused,
  storeUnavailable,
} from './key-cache.ts';
import { FACTS_PREFIX, type KeyRecords, usedName } from './key-record.ts';
import { lastUse } from './key-use.ts';
import { type KeyView, keyView } from './key-view.ts';

/** Four records a key, and a store reads a hundred at once. */
const KEYS_READ_AT_ONCE = 25;
export const KEYS_LISTED_DEFAULT = 50;
export const KEYS_LISTED_MAX = 100;

export interface KeyPage {
  readonly keys: readonly KeyView[];
  /** Absent on the last page. */
  readonly cursor?: string;
}

export interface ListKeys {
  readonly cursor?: string;
  /** 1 to 100. */
  readonly limit?: number;
}

interface DirectoryPorts {
  readonly store: KeyValueStore;
  readonly clock: Clock;
  readonly log: Log;
}

export class KeyDirectory {
  readonly #ports: DirectoryPorts;

  constructor(ports: DirectoryPorts) {
    this.#ports = ports;
  }

  /** `id` may be the key's or one of its credentials'. */
  async get(id: string): Promise<Result<KeyView>> {
    const keyId = keyIdFrom(id);
    if (keyId === undefined) return noSuchKey();
    const entries = await stored(() =>
      this.#ports.store.getMany([...keyRecordNames(keyId), usedName(keyId)]),
    );
    return entries.ok ? this.#view(keyId, entries.value) : entries;
  }

  /** In no order that means anything. A new key may take a minute to be listed; a refused record is logged, not listed. */
  async list({ cursor, limit = KEYS_LISTED_DEFAULT }: ListKeys = {}): Promise<Result<KeyPage>> {
    const { store } = this.#ports;
    const page = await stored(() =>
      store.list({ prefix: FACTS_PREFIX, limit, ...(cursor !== undefined && { cursor }) }),
    );
    if (!page.ok) return page;
    const keyIds = page.value.keys.map(({ name }) => name.slice(FACTS_PREFIX.length));
    const keys: KeyView[] = [];
    for (let start = 0; start < keyIds.length; start += KEYS_READ_AT_ONCE) {
      const some = keyIds.slice(start, start + KEYS_READ_AT_ONCE);
      const names = some.flatMap((keyId) => [...keyRecordNames(keyId), usedName(keyId)]);
      const entries = await stored(() => store.getMany(names));
      if (!entries.ok) return entries;
      for (const [index, keyId] of some.entries()) {
        const view = this.#view(keyId, entries.value.slice(index * 4, index * 4 + 4));
        if (view.ok) keys.push(view.value);
      }
    }
    return ok({ keys, ...(page.value.cursor !== undefined && { cursor: page.value.cursor }) });
  }

  /** The records themselves, for a change. */
  async read(id: string): Promise<Result<KeyRecords>> {
    const keyId = keyIdFrom(id);
    if (keyId === undefined) return noSuchKey();
    const entries = await stored(() => this.#ports.store.getMany(keyRecordNames(keyId)));
    return entries.ok ? this.#parse(keyId, entries.value) : entries;
  }

  /** What can be read of a key, of which at least something is stored: a revocation needs no more. */
  async readWhatIsThere(id: string): Promise<Result<Partial<KeyRecords> & { readonly keyId: string }>> {
    const keyId = keyIdFrom(id);
    if (keyId === undefined) return noSuchKey();
    const entries = await stored(() => this.#ports.store.getMany(keyRecordNames(keyId)));
    if (!entries.ok) return entries;
    if (entries.value.every((entry) => entry === undefined)) return noSuchKey();
    return ok({ keyId, ...parseEachKeyRecord(keyId, entries.value, this.#ports.log) });
  }

  #parse(keyId: string, entries: readonly (Entry | undefined)[]): Result<KeyRecords> {
    if (entries[0] === undefined) return noSuchKey();
    const records = parseKeyRecords(keyId, entries, this.#ports.log);
    return records === undefined ? recordsRefused(keyId) : ok(records);
  }

  #view(keyId: string, entries: readonly (Entry | undefined)[]): Result<KeyView> {
    const records = this.#parse(keyId, entries);
    if (!records.ok) return records;
    const { clock, log } = this.#ports;
    return ok(keyView(records.value, clock.now(), lastUse(keyId, entries[3], log)));
  }
}

/** Store adapters throw; for admins that is an expected failure, and a cursor that the store refuses is theirs. */
export async function stored<T>(work: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await work());
  } catch (error) {
    if (error instanceof StoreRefusal && error.status === 400) {
      return invalid('query', 'cursor', 'is not one that a list of keys gave.');
    }
    return storeUnavailable(error);
  }
}

const noSuchKey = () => fail({ type: 'no-such-record', detail: 'There is no key with this id.' });
