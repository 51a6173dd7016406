/**
 * A short-lived cache of credentials and the records of their keys. One store read (`getMany`) loads both.
 * authenticate.ts decides whether the records permit a request. The cache stores values, never promises,
 * because requests on Workers must not wait for each other's I/O.
 *
 * The delay until a change is visible:
 *
 * - In the isolate or process that made the change: none. The change is also applied to reads in flight.
 * - Elsewhere: the store's own delay (Workers KV caches for 30 s, and takes time to propagate), plus up to 10
 *   s in this cache.
 * - For a credential that was looked up before it existed: up to 60 s in which KV caches the miss, plus 5 s
 *   in this cache.
 *
 * While the store is down, cached records stay in use for up to 45 s. If the store returns a record that
 * cannot be accepted (damaged, for example), the cached records are dropped.
 */
import { timingSafeEqual } from 'node:crypto';

import { LruMap } from '../../core/lru-map.ts';
import type { Clock } from '../../core/clock.ts';
import { ok, type Result } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Entry, KeyValueStore } from '../../storage/key-value.ts';
import { keyIdOf } from './api-key.ts';
import {
  credentialName,
  type CredentialRecords,
  factsName,
  keyRecordNames,
  type KeyRecords,
  parseCredential,
  parseKeyRecords,
  rotationName,
  stateName,
} from './key-record.ts';
import { recordsRefused, type StoreUnavailable, storeUnavailable } from './store-failure.ts';

/** A cached credential is used for this long without reading the store. */
export const KEY_FRESH_MS = 10_000;
/** A miss is cached for this long. This is short, because the credential might be created at any moment. */
export const UNKNOWN_FRESH_MS = 5_000;
/**
 * While the store fails, cached records are used for this long, so that a short outage closes no streams.
 * This is well below the 60 s within which a revocation must take effect.
 */
export const KEY_STALE_WHILE_FAILING_MS = 45_000;
/** How many credentials are cached. Each usually takes about 1 KB. */
export const KEYS_REMEMBERED_MAX = 1000;
/**
 * Bounds the cache's memory. A key with fifty long patterns takes 50 KB, and a thousand such keys would fill
 * half of an isolate.
 */
export const KEYS_REMEMBERED_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Bounds the memory for recent writes, which are applied to reads that were in flight at the time. Few are
 * needed, because reads take seconds at most.
 */
export const WRITES_BYTES_MAX = 1024 * 1024;

interface Cached {
  readonly records: CredentialRecords;
  readonly readAtMs: number;
}

interface Write {
  readonly number: number;
  readonly change: Partial<KeyRecords>;
  /** Present only if the write created a credential: all records of that credential. */
  readonly created?: CredentialRecords;
}

export interface CredentialCachePorts {
  readonly store: KeyValueStore;
  readonly clock: Clock;
  readonly log: Log;
}

export class CredentialCache {
  readonly #ports: CredentialCachePorts;
  readonly #cached = new LruMap<string, Cached>({
    max: KEYS_REMEMBERED_MAX,
    maxSize: KEYS_REMEMBERED_BYTES_MAX,
    sizeOf: ({ records }) => bytesOf(records),
  });
  /** Ids of credentials that the store did not have, each with the time of the look-up. */
  readonly #misses = new LruMap<string, number>({ max: KEYS_REMEMBERED_MAX });
  /**
   * Ids of revoked keys, each with the time of its revocation. A stale answer of the store must not bring
   * back a revoked key.
   */
  readonly #revoked = new LruMap<string, string>({ max: KEYS_REMEMBERED_MAX });
  /**
   * This process's last write to each record, by the record's name. A read that began before the write might
   * return an older value.
   */
  readonly #writes = new LruMap<string, Write>({
    max: KEYS_REMEMBERED_MAX,
    maxSize: WRITES_BYTES_MAX,
    sizeOf: ({ change }) => bytesOf(change),
  });
  #writesSoFar = 0;

  constructor(ports: CredentialCachePorts) {
    this.#ports = ports;
  }

  /**
   * Returns the credential and its key, from the cache if fresh, otherwise from the store. Undefined if not
   * found.
   */
  async read(credentialId: string): Promise<Result<CredentialRecords | undefined, StoreUnavailable>> {
    const now = this.#ports.clock.now();
    const cached = this.#cached.get(credentialId);
    if (cached !== undefined && now - cached.readAtMs < KEY_FRESH_MS) return ok(cached.records);
    const missedAtMs = this.#misses.get(credentialId);
    if (missedAtMs !== undefined && now - missedAtMs < UNKNOWN_FRESH_MS) return ok(undefined);

    const writesBefore = this.#writesSoFar;
    const read = await this.#readStore(credentialId);
    if (!read.ok) {
      // The store works but returned unacceptable records, so older ones must not be used, either.
      if (read.failure.refused) this.#cached.delete(credentialId);
      const last = this.#cached.peek(credentialId);
      const isUsable = last !== undefined && now - last.readAtMs < KEY_STALE_WHILE_FAILING_MS;
      return isUsable ? ok(last.records) : read;
    }
    const { created, change } = this.#writtenSince(writesBefore, credentialId);
    const found = created ?? read.value;
    if (found === undefined) {
      this.#cached.delete(credentialId);
      this.#misses.set(credentialId, now);
      return ok(undefined);
    }
    return ok(this.#add({ ...found, ...change }, now));
  }

  /** Whether the cached credential has this hash, even if it is no longer fresh. Does not read the store. */
  hasVerified(credentialId: string, hash: Uint8Array): boolean {
    const known = this.#cached.peek(credentialId)?.records.credential.hash;
    return known !== undefined && timingSafeEqual(known, hash);
  }

  /**
   * Call this after creating a credential. The credential then works in this process immediately, even if the
   * store does not return it yet.
   */
  noteCredential(records: CredentialRecords): void {
    this.#note(credentialName(records.credential.id), { created: records, change: records });
    this.#add(records, this.#ports.clock.now());
  }

  /** Call this after changing, rotating or revoking a key. Updates all cached credentials of the key. */
  noteKey(keyId: string, change: Partial<KeyRecords>): void {
    const { facts, state, rotation } = change;
    if (facts) this.#note(factsName(keyId), { change: { facts } });
    if (state) this.#note(stateName(keyId), { change: { state } });
    if (rotation) this.#note(rotationName(keyId), { change: { rotation } });
    if (state?.revokedAt !== undefined) this.#revoked.set(keyId, state.revokedAt);
    // Collect the ids before updating: setting an entry moves it to the end of the map that is being
    // iterated.
    const credentialIds = [...this.#cached.keys()].filter((credentialId) => keyIdOf(credentialId) === keyId);
    for (const credentialId of credentialIds) {
      const cached = this.#cached.peek(credentialId);
      if (cached === undefined) continue;
      this.#cached.set(credentialId, { ...cached, records: { ...cached.records, ...change } });
    }
  }

  #note(recordName: string, write: Omit<Write, 'number'>): void {
    this.#writesSoFar += 1;
    this.#writes.set(recordName, { number: this.#writesSoFar, ...write });
  }

  /**
   * Combines this process's writes to the credential and its key that came after write number `writesBefore`.
   */
  #writtenSince(writesBefore: number, credentialId: string): Omit<Write, 'number'> {
    const writes = [credentialName(credentialId), ...keyRecordNames(keyIdOf(credentialId))]
      .map((name) => this.#writes.peek(name))
      .filter((write): write is Write => write !== undefined && write.number > writesBefore)
      .toSorted((a, b) => a.number - b.number);
    const created = writes.find((write) => write.created !== undefined)?.created;
    const change = writes.reduce<Partial<KeyRecords>>((all, write) => ({ ...all, ...write.change }), {});
    return { change, ...(created !== undefined && { created }) };
  }

  #add(records: CredentialRecords, readAtMs: number): CredentialRecords {
    const { keyId, revokedAt: storedRevokedAt } = records.state;
    const revokedAt = storedRevokedAt ?? this.#revoked.get(keyId);
    const known = revokedAt === undefined ? records : { ...records, state: { ...records.state, revokedAt } };
    if (revokedAt !== undefined) this.#revoked.set(keyId, revokedAt);
    this.#cached.set(records.credential.id, { records: known, readAtMs });
    return known;
  }

  async #readStore(credentialId: string): Promise<Result<CredentialRecords | undefined, StoreUnavailable>> {
    const { store, log } = this.#ports;
    const keyId = keyIdOf(credentialId);
    let entries: readonly (Entry | undefined)[];
    try {
      entries = await store.getMany([credentialName(credentialId), ...keyRecordNames(keyId)]);
    } catch (error) {
      return storeUnavailable(error);
    }
    const [credentialEntry, ...keyEntries] = entries;
    if (credentialEntry === undefined) return ok(undefined);
    const credential = parseCredential(credentialId, credentialEntry, log);
    const key = parseKeyRecords(keyId, keyEntries, log);
    // This is not a miss. The key might be valid, so the answer must be "retry later" rather than "wrong
    // key".
    if (credential === undefined || key === undefined) return recordsRefused(keyId);
    return ok({ ...key, credential });
  }
}

/** Estimates the memory of an entry: 1,000 bytes, plus its patterns at two bytes per character. */
const bytesOf = ({ facts }: Partial<KeyRecords>): number =>
  (facts?.executions ?? []).reduce((sum, pattern) => sum + 2 * pattern.length, 1000);
