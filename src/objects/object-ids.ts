/** Caches the ids of Durable Objects. */
import { hash } from 'node:crypto';

import { LruMap } from '../core/lru-map.ts';

/** How many ids are cached. Each takes a few hundred bytes, and saves two hashes per request. */
const IDS_MAX = 5_000;

export class ObjectIds<Id extends object> {
  readonly #idFromName: (name: string) => Id;
  readonly #ids = new LruMap<string, Id>({ max: IDS_MAX });

  constructor(idFromName: (name: string) => Id) {
    this.#idFromName = idFromName;
  }

  /** `key` identifies the execution or list, and may have any length. */
  of(key: string): Id {
    const known = this.#ids.get(key);
    if (known) return known;
    const id = this.#idFromName(hash('sha256', key, 'hex'));
    this.#ids.set(key, id);
    return id;
  }
}
