/**
 * The operations of admins on keys: create, change, rotate, revoke, show and list. Each change writes one
 * audit line to the log, without secrets. admin-token.ts authenticates admins. The HTTP API is in
 * http/routes/admin-routes.ts.
 *
 * - Showing and listing keys always reads the store, never the cache.
 * - key-record.ts explains which record each operation writes, and why no operation can undo one of another
 *   kind. Within one isolate or process, changes and rotations of one key are serialised. If two isolates or
 *   processes change the same key within a minute, the last change replaces the other completely.
 * - Every record is validated before it is written, so that it can be read back.
 */
import type { RandomBytes } from '../../core/base62.ts';
import type { Clock } from '../../core/clock.ts';
import { fail, type Failure, internalText, ok, type Result } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Entry, KeyValueStore } from '../../storage/key-value.ts';
import { generateApiKey, keyIdFrom, nextCredentialId } from './api-key.ts';
import type { CredentialCache } from './credential-cache.ts';
import type { KeyChange, NewKey, Rotation } from './key-input.ts';
import {
  credentialName,
  credentialText,
  FACTS_PREFIX,
  factsName,
  KEY_RECORD_VERSION,
  factsText,
  keyRecordNames,
  type KeyRecords,
  keyRotationSchema,
  type KeyState,
  keyStateSchema,
  parseEachKeyRecord,
  parseKeyRecords,
  recordText,
  rotationName,
  stateName,
  usedName,
} from './key-record.ts';
import { lastUse } from './key-use.ts';
import { type KeyView, keyView } from './key-view.ts';
import { KeyedLock } from './keyed-lock.ts';
import { changedFacts, newCredential, newKeyRecords } from './new-record.ts';
import { CUTOFFS_MAX, nextCredentialTimeMs, rotated } from './rotation.ts';
import { recordsRefused, stored } from './store-failure.ts';

/** A list reads four records of each key, and one call to the store reads up to a hundred records. */
const KEYS_READ_AT_ONCE = 25;
export const KEYS_LISTED_DEFAULT = 50;
export const KEYS_LISTED_MAX = 100;

export interface KeyAdministrationPorts {
  readonly store: KeyValueStore;
  /** This cache receives every change, so changes take effect in this process immediately. */
  readonly credentials: CredentialCache;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

export interface IssuedKey {
  /** The whole key, including its secret. It is shown only this once. */
  readonly text: string;
  readonly credentialId: string;
  readonly view: KeyView;
}

/** The result of revoking a key if not all of its records can be read. */
export interface UnreadableRevokedKey {
  readonly id: string;
  readonly status: 'revoked';
  /** ISO 8601, UTC. */
  readonly revokedAt: string;
}

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

/** Facts about the request that made a change, for the audit line. */
export interface AuditContext {
  readonly requestId?: string;
}

/** Every method accepts as `id` the id of a key or of one of its credentials. */
export class KeyAdministration {
  readonly #ports: KeyAdministrationPorts;
  readonly #lock: KeyedLock;

  constructor(ports: KeyAdministrationPorts) {
    this.#lock = new KeyedLock(ports.clock);
    this.#ports = ports;
  }

  async get(id: string): Promise<Result<KeyView>> {
    const keyId = keyIdFrom(id);
    if (keyId === undefined) return noSuchKey();
    const names = [...keyRecordNames(keyId), usedName(keyId)];
    const entries = await stored(() => this.#ports.store.getMany(names));
    return entries.ok ? this.#view(keyId, entries.value) : entries;
  }

  /**
   * Lists keys, unordered. A new key can take a minute to appear. Keys with unreadable records are logged and
   * left out.
   */
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

  /**
   * Creates a key. Does not check first whether its id exists, because that would make KV cache a miss for
   * it. Writes the credential last, so a partly written key does not work.
   */
  async create(input: NewKey, audit: AuditContext = {}): Promise<Result<IssuedKey>> {
    const { store, clock, random, credentials } = this.#ports;
    const key = generateApiKey(random);
    const { keyId } = key;
    const credential = newCredential(key, clock.now());
    const records = newKeyRecords(credential, input);
    const keyTexts = [
      [factsName(keyId), factsText(records.facts)],
      [stateName(keyId), recordText(keyStateSchema, records.state)],
      [rotationName(keyId), recordText(keyRotationSchema, records.rotation)],
    ] as const;
    const newText = credentialText(credential);
    const written = await stored(async () => {
      await Promise.all(keyTexts.map(([name, text]) => store.put(name, text)));
      await store.put(credentialName(credential.id), newText);
    });
    if (!written.ok) return written;
    credentials.noteCredential({ ...records, credential });
    this.#audit('key-created', keyId, audit, { credentialId: credential.id });
    return ok({ text: key.text, credentialId: credential.id, view: keyView(records, clock.now()) });
  }

  change(id: string, change: KeyChange, audit: AuditContext = {}): Promise<Result<KeyView>> {
    return this.#locked(id, () => this.#change(id, change, audit));
  }

  async #change(id: string, change: KeyChange, audit: AuditContext): Promise<Result<KeyView>> {
    const found = await this.#readUnrevoked(id);
    if (!found.ok) return found;
    const { store, clock, credentials } = this.#ports;
    const facts = changedFacts(found.value.facts, change, new Date(clock.now()).toISOString());
    const { keyId } = facts;
    const text = factsText(facts);
    const written = await stored(() => store.put(factsName(keyId), text));
    if (!written.ok) return written;
    credentials.noteKey(keyId, { facts });
    this.#audit('key-changed', keyId, audit, { changed: Object.keys(change).toSorted().join(' ') });
    return ok(keyView({ ...found.value, facts }, clock.now()));
  }

  /** Adds a credential, and lets the older ones expire after the overlap. Writes the new credential first. */
  rotate(id: string, rotation: Rotation, audit: AuditContext = {}): Promise<Result<IssuedKey>> {
    return this.#locked(id, () => this.#rotate(id, rotation, audit));
  }

  async #rotate(id: string, { overlapSeconds }: Rotation, audit: AuditContext): Promise<Result<IssuedKey>> {
    const found = await this.#readUnrevoked(id);
    if (!found.ok) return found;
    const { store, clock, random, credentials } = this.#ports;
    const { keyId } = found.value.facts;
    const { rotation } = found.value;
    const now = clock.now();
    const taken = rotation.credentials.map((credential) => credential.id);
    const key = generateApiKey(random, nextCredentialId(keyId, taken, now));
    const credential = newCredential(key, nextCredentialTimeMs(rotation, now));
    const next = rotated(rotation, credential, now + overlapSeconds * 1000, now);
    if (next === undefined) {
      const detail = `${CUTOFFS_MAX} overlaps of this key are still running. Wait for one to end, or rotate with an overlap of 0.`;
      return fail({ type: 'conflict', detail });
    }
    const newText = credentialText(credential);
    const rotationText = recordText(keyRotationSchema, next);
    const written = await stored(async () => {
      await store.put(credentialName(credential.id), newText);
      await store.put(rotationName(keyId), rotationText);
    });
    if (!written.ok) return written;
    const records: KeyRecords = { ...found.value, rotation: next };
    credentials.noteKey(keyId, { rotation: next });
    credentials.noteCredential({ ...records, credential });
    this.#audit('key-rotated', keyId, audit, { credentialId: credential.id, overlapSeconds });
    return ok({ text: key.text, credentialId: credential.id, view: keyView(records, now) });
  }

  /**
   * Ends the key and all its credentials for good. Also works if the key's records are damaged, because it
   * replaces the whole state record. No other operation overwrites that record, so this needs no lock. If the
   * store fails, the key is still revoked in this process, and the failure says that the revocation is not
   * stored.
   */
  async revoke(id: string, audit: AuditContext = {}): Promise<Result<KeyView | UnreadableRevokedKey>> {
    const { store, clock, credentials } = this.#ports;
    const now = new Date(clock.now()).toISOString();
    const found = await this.#readReadable(id);
    if (!found.ok) {
      const keyId = found.failure.type === 'store-unavailable' ? keyIdFrom(id) : undefined;
      return keyId === undefined ? found : this.#revokedHere(keyId, now, found.failure, audit);
    }
    const { keyId, facts, rotation } = found.value;
    const revokedBefore = found.value.state?.revokedAt;
    const revokedAt = revokedBefore ?? now;
    const state: KeyState = { v: KEY_RECORD_VERSION, keyId, revokedAt };
    if (revokedBefore === undefined) {
      const text = recordText(keyStateSchema, state);
      const written = await stored(() => store.put(stateName(keyId), text));
      if (!written.ok) return this.#revokedHere(keyId, now, written.failure, audit);
      credentials.noteKey(keyId, { state });
      this.#audit('key-revoked', keyId, audit, {});
    }
    if (facts && rotation) return ok(keyView({ facts, rotation, state }, clock.now()));
    return ok({ id: keyId, status: 'revoked', revokedAt });
  }

  /** Revokes the key in this process only, after the store has failed. */
  #revokedHere(keyId: string, revokedAt: string, failure: Failure, audit: AuditContext) {
    const internal = internalText(failure) ?? failure.type;
    this.#ports.credentials.noteKey(keyId, { state: { v: KEY_RECORD_VERSION, keyId, revokedAt } });
    this.#audit('key-revoked-unsaved', keyId, audit, { level: 'error', reason: internal });
    return fail({ type: 'store-unavailable', internal, revoked: true });
  }

  async #readUnrevoked(id: string): Promise<Result<KeyRecords>> {
    const keyId = keyIdFrom(id);
    if (keyId === undefined) return noSuchKey();
    const entries = await stored(() => this.#ports.store.getMany(keyRecordNames(keyId)));
    if (!entries.ok) return entries;
    const found = this.#parse(keyId, entries.value);
    if (!found.ok || found.value.state.revokedAt === undefined) return found;
    return fail({ type: 'conflict', detail: 'The key is revoked for good. Create another one.' });
  }

  /** Returns the readable records of a key, which is all that revoking needs. Fails if nothing is stored. */
  async #readReadable(id: string): Promise<Result<Partial<KeyRecords> & { readonly keyId: string }>> {
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

  #locked<T>(id: string, work: () => Promise<Result<T>>): Promise<Result<T>> {
    return this.#lock.withLock(keyIdFrom(id) ?? id, work);
  }

  #audit(
    event: string,
    keyId: string,
    { requestId }: AuditContext,
    facts: Record<string, string | number>,
  ): void {
    this.#ports.log({ event, keyId, ...facts, ...(requestId !== undefined && { requestId }) });
  }
}

const noSuchKey = () => fail({ type: 'no-such-record', detail: 'No key has this id.' });
