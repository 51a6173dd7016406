/**
 * A short cache of credentials and the records of their keys. One store read (`getMany`) loads both. Whether
 * the records are enough for a request is decided in authenticate.ts. The cache holds values, never promises:
 * requests of a Worker must not wait for each other's I/O.
 *
 * How long a change takes to show:
 *
 * - In the isolate or process that made it: at once, also for reads that are in flight.
 * - Elsewhere: the store's own delay (Workers KV: 30 s of cache, plus propagation), then up to 10 s in this
 *   cache.
 * - A credential that was requested before it existed: KV's cached miss (up to 60 s), then 5 s.
 *
 * While the store is down, cached records stay in use for a while. If it answers with a record that is
 * refused, they are dropped.
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

/** A cached credential is used for this long without a read. */
export const KEY_FRESH_MS = 10_000;
/** A miss is cached for this long; short, since the credential may be created at any moment. */
export const UNKNOWN_FRESH_MS = 5_000;
/**
 * While the store fails, cached records are used for this long, so that a short outage closes no stream. Well
 * within the 60 s in which a revocation must show.
 */
export const KEY_STALE_WHILE_FAILING_MS = 45_000;
/** Cached credentials, usually about 1 KB each. */
export const KEYS_REMEMBERED_MAX = 1000;
/** Fifty long patterns make 50 KB: a thousand such keys would fill half of an isolate. */
export const KEYS_REMEMBERED_BYTES_MAX = 8 * 1024 * 1024;

/** Recent writes, applied to reads that were in flight at the time. Reads take seconds at most. */
export const WRITES_BYTES_MAX = 1024 * 1024;

interface Cached {
  readonly records: CredentialRecords;
  readonly readAtMs: number;
}

interface Write {
  readonly number: number;
  readonly change: Partial<KeyRecords>;
  /** Present if the write created the credential, with these records. */
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
  /** Ids of credentials that were not found in the store, and when they were looked up. */
  readonly #misses = new LruMap<string, number>({ max: KEYS_REMEMBERED_MAX });
  /** Ids of revoked keys, and when each was revoked: a store that lags must not restore a revoked key. */
  readonly #revoked = new LruMap<string, string>({ max: KEYS_REMEMBERED_MAX });
  /**
   * The last write of this process to each record, by name: a read that began before it returns an older
   * value.
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
   * The credential and its key, from the cache while fresh, otherwise from the store; undefined if not found.
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
      // The store works, but its records are refused, so older records must not be used.
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

  /** Whether this key text was correct at the last look-up, however long ago. Does not read the store. */
  hasVerified(credentialId: string, hash: Uint8Array): boolean {
    const known = this.#cached.peek(credentialId)?.records.credential.hash;
    return known !== undefined && timingSafeEqual(known, hash);
  }

  /** This process created a credential: it works here from now on, whatever the store still returns. */
  noteCredential(records: CredentialRecords): void {
    this.#note(credentialName(records.credential.id), { created: records, change: records });
    this.#add(records, this.#ports.clock.now());
  }

  /** This process changed, rotated or revoked a key: updates all its cached credentials. */
  noteKey(keyId: string, change: Partial<KeyRecords>): void {
    const { facts, state, rotation } = change;
    if (facts) this.#note(factsName(keyId), { change: { facts } });
    if (state) this.#note(stateName(keyId), { change: { state } });
    if (rotation) this.#note(rotationName(keyId), { change: { rotation } });
    if (state?.revokedAt !== undefined) this.#revoked.set(keyId, state.revokedAt);
    // Collected first: setting an entry moves it within the order that is being iterated.
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

  /** The writes of this process to the credential and its key that follow the first `writesBefore`. */
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
    // Not a miss: the key may be valid, so the answer is "retry later" and not "wrong key".
    if (credential === undefined || key === undefined) return recordsRefused(keyId);
    return ok({ ...key, credential });
  }
}

/**
 * Estimated size for the cache's budget: the patterns at two bytes a character, and what every record has.
 */
const bytesOf = ({ facts }: Partial<KeyRecords>): number =>
  (facts?.executions ?? []).reduce((sum, pattern) => sum + 2 * pattern.length, 1000);
