/**
 * Looks credentials up, through a short memory: values, never promises, since requests of a Worker must not wait for each
 * other's I/O. One store read (`getMany`) answers for a credential and its key. Says what the records say; whether that is
 * enough for a request is authenticate.ts's to judge.
 *
 * How old an answer can be where a change was made elsewhere: the store's own delay (Workers KV: 30 s of cache and its
 * propagation), then this memory's 10 s. Where the change was made, it is known at once, to reads under way as well. What
 * was read last serves on while the store is down, but not when the store answers with a record that is refused. A credential that was asked for
 * before it existed: KV's cached miss (up to 60 s), then 5 s.
 */
import { LRUCache } from 'lru-cache';

import type { Clock } from '../../core/clock.ts';
import { fail, ok, type Failure, type Result } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Entry, KeyValueStore } from '../../storage/key-value.ts';
import { keyIdOf } from './api-key.ts';
import {
  createRecordParser,
  credentialName,
  type CredentialRecords,
  factsName,
  keyFactsSchema,
  type KeyRecords,
  keyRotationSchema,
  keyStateSchema,
  parseCredential,
  rotationName,
  stateName,
} from './key-record.ts';

/** A verified key is good for this long without another look. */
export const KEY_FRESH_MS = 10_000;
/** An unknown credential is unknown for this long; short, since it may be created any moment. */
export const UNKNOWN_FRESH_MS = 5_000;
/**
 * While the store fails, what was read last serves for this long, so that a hiccup closes no stream; well within the 60 s
 * in which a revocation must show.
 */
export const KEY_STALE_WHILE_FAILING_MS = 45_000;
/** Credentials in memory, about 1 KB each in practice. */
export const KEYS_REMEMBERED_MAX = 1000;
/** Fifty long patterns make 50 KB: a thousand such keys would fill half of an isolate. */
const KEYS_REMEMBERED_BYTES_MAX = 8 * 1024 * 1024;

/** What was written here lately: to be laid over reads that were under way then, which take seconds at the most. */
const NOTES_BYTES_MAX = 1024 * 1024;

export type StoreUnavailable = Extract<Failure, { type: 'store-unavailable' }>;

interface Remembered {
  readonly records: CredentialRecords;
  readonly readAtMs: number;
}

interface Note {
  readonly number: number;
  readonly change: Partial<KeyRecords>;
  /** The credential was made here, with these records. */
  readonly made?: CredentialRecords;
}

export interface KeyReaderPorts {
  readonly store: KeyValueStore;
  readonly clock: Clock;
  readonly log: Log;
}

export class KeyReader {
  readonly #ports: KeyReaderPorts;
  readonly #remembered = new LRUCache<string, Remembered>({
    max: KEYS_REMEMBERED_MAX,
    maxSize: KEYS_REMEMBERED_BYTES_MAX,
    sizeCalculation: ({ records }) => bytesOf(records),
  });
  /** Credential ids, and when the store did not know them. */
  readonly #unknown = new LRUCache<string, number>({ max: KEYS_REMEMBERED_MAX });
  /** Key ids, and when they were revoked: a store that lags must not bring a revoked key back to life. */
  readonly #revoked = new LRUCache<string, string>({ max: KEYS_REMEMBERED_MAX });
  /** What was written here last, by the record's name: a read that began before saw less than is known by now. */
  readonly #notes = new LRUCache<string, Note>({
    max: KEYS_REMEMBERED_MAX,
    maxSize: NOTES_BYTES_MAX,
    sizeCalculation: ({ change }) => bytesOf(change),
  });
  #notesTaken = 0;

  constructor(ports: KeyReaderPorts) {
    this.#ports = ports;
  }

  /** What the store, or the memory while fresh, knows of the credential; undefined when there is no such credential. */
  async read(credentialId: string): Promise<Result<CredentialRecords | undefined, StoreUnavailable>> {
    const now = this.#ports.clock.now();
    const remembered = this.#remembered.get(credentialId);
    if (remembered !== undefined && now - remembered.readAtMs < KEY_FRESH_MS) return ok(remembered.records);
    const unknownAtMs = this.#unknown.get(credentialId);
    if (unknownAtMs !== undefined && now - unknownAtMs < UNKNOWN_FRESH_MS) return ok(undefined);

    const notesBefore = this.#notesTaken;
    const read = await this.#readStore(credentialId);
    if (!read.ok) {
      // The store has answered: what it said before is over.
      if (read.failure.refused) this.#remembered.delete(credentialId);
      const last = this.#remembered.peek(credentialId);
      const isUsable = last !== undefined && now - last.readAtMs < KEY_STALE_WHILE_FAILING_MS;
      return isUsable ? ok(last.records) : read;
    }
    const { made, change } = this.#notedSince(notesBefore, credentialId);
    const found = made ?? read.value;
    if (found === undefined) {
      this.#remembered.delete(credentialId);
      this.#unknown.set(credentialId, now);
      return ok(undefined);
    }
    return ok(this.#remember({ ...found, ...change }, now));
  }

  /** Whether this very key text was the right one when it was last looked at, however long ago. Reads nothing. */
  hasVerified(credentialId: string, hash: string): boolean {
    return this.#remembered.peek(credentialId)?.records.credential.hash === hash;
  }

  /** A credential was made here: it works here from now on, whatever the store still says. */
  noteCredential(records: CredentialRecords): void {
    this.#note(credentialName(records.credential.id), { made: records, change: records });
    this.#remember(records, this.#ports.clock.now());
  }

  /** A key was changed, rotated or revoked here: every credential of it that is in memory follows at once. */
  noteKey(keyId: string, change: Partial<KeyRecords>): void {
    const { facts, state, rotation } = change;
    if (facts) this.#note(factsName(keyId), { change: { facts } });
    if (state) this.#note(stateName(keyId), { change: { state } });
    if (rotation) this.#note(rotationName(keyId), { change: { rotation } });
    if (state?.revokedAt !== undefined) this.#revoked.set(keyId, state.revokedAt);
    // Looked up first: setting an entry moves it within the order that is being walked.
    const credentialIds = [...this.#remembered.keys()].filter(
      (credentialId) => keyIdOf(credentialId) === keyId,
    );
    for (const credentialId of credentialIds) {
      const remembered = this.#remembered.peek(credentialId);
      if (remembered === undefined) continue;
      this.#remembered.set(credentialId, { ...remembered, records: { ...remembered.records, ...change } });
    }
  }

  #note(recordName: string, note: Omit<Note, 'number'>): void {
    this.#notesTaken += 1;
    this.#notes.set(recordName, { number: this.#notesTaken, ...note });
  }

  /** What was written here of this credential and its key after the first `notesBefore` notes. */
  #notedSince(notesBefore: number, credentialId: string): Omit<Note, 'number'> {
    const notes = [credentialName(credentialId), ...keyRecordNames(keyIdOf(credentialId))]
      .map((name) => this.#notes.peek(name))
      .filter((note): note is Note => note !== undefined && note.number > notesBefore)
      .toSorted((a, b) => a.number - b.number);
    const made = notes.find((note) => note.made !== undefined)?.made;
    const change = notes.reduce<Partial<KeyRecords>>((all, note) => ({ ...all, ...note.change }), {});
    return { change, ...(made !== undefined && { made }) };
  }

  #remember(records: CredentialRecords, readAtMs: number): CredentialRecords {
    const { keyId, revokedAt: storedRevokedAt } = records.state;
    const revokedAt = storedRevokedAt ?? this.#revoked.get(keyId);
    const known = revokedAt === undefined ? records : { ...records, state: { ...records.state, revokedAt } };
    if (revokedAt !== undefined) this.#revoked.set(keyId, revokedAt);
    this.#remembered.set(records.credential.id, { records: known, readAtMs });
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
    // Not `unknown`: whoever holds the key is told to come back, not that it is wrong.
    if (credential === undefined || key === undefined) return recordsRefused(keyId);
    return ok({ ...key, credential });
  }
}

/** In the order that `parseKeyRecords` takes their entries. */
export const keyRecordNames = (keyId: string): readonly string[] => [
  factsName(keyId),
  stateName(keyId),
  rotationName(keyId),
];

export function parseKeyRecords(
  keyId: string,
  entries: readonly (Entry | undefined)[],
  log: Log,
): KeyRecords | undefined {
  const { facts, state, rotation } = parseEachKeyRecord(keyId, entries, log);
  return facts && state && rotation ? { facts, state, rotation } : undefined;
}

/** Those that can be trusted. */
export function parseEachKeyRecord(
  keyId: string,
  [factsEntry, stateEntry, rotationEntry]: readonly (Entry | undefined)[],
  log: Log,
): Partial<KeyRecords> {
  const parse = createRecordParser(keyId, log);
  const facts = parse(keyFactsSchema, factsName(keyId), factsEntry);
  const state = parse(keyStateSchema, stateName(keyId), stateEntry);
  const rotation = parse(keyRotationSchema, rotationName(keyId), rotationEntry);
  return { ...(facts && { facts }), ...(state && { state }), ...(rotation && { rotation }) };
}

export const storeUnavailable = (
  cause: unknown,
): { readonly ok: false; readonly failure: StoreUnavailable } =>
  fail({ type: 'store-unavailable', internal: `key store: ${String(cause)}` });

export const recordsRefused = (keyId: string): { readonly ok: false; readonly failure: StoreUnavailable } =>
  fail({ type: 'store-unavailable', internal: `records of key ${keyId} refused`, refused: true });

/** Near enough for a budget: the patterns at two bytes a unit, and what every record has. */
const bytesOf = ({ facts }: Partial<KeyRecords>): number =>
  (facts?.executions ?? []).reduce((sum, pattern) => sum + 2 * pattern.length, 1000);
