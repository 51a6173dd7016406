/**
 * What admins do to keys: create, change, rotate, revoke. Each change is one audit line in the log, without a secret. Who may
 * do this (the admin token) and how it looks over HTTP is not decided here; looking keys up is key-directory.ts.
 *
 * Which record is written by whom, and why none can undo another, stands in key-record.ts. Of two changes to the facts in
 * different places within a minute the last one wins as a whole; here, changes and rotations of one key take turns. No
 * record is written that would be refused when read back.
 */
import type { Clock } from '../../core/clock.ts';
import { fail, ok, type Result } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { KeyValueStore } from '../../storage/key-value.ts';
import { type ApiKey, generateApiKey, keyIdFrom, nextCredentialId } from './api-key.ts';
import type { RandomBytes } from '../../core/base62.ts';
import { KeyDirectory, stored } from './key-directory.ts';
import type { KeyChange, NewKey, Rotation } from './key-input.ts';
import type { KeyReader } from './key-cache.ts';
import {
  type Credential,
  credentialName,
  credentialSchema,
  factsName,
  KEY_RECORD_VERSION,
  type KeyFacts,
  keyFactsSchema,
  type KeyRecords,
  type KeyRotation,
  keyRotationSchema,
  type KeyState,
  keyStateSchema,
  recordText,
  rotationName,
  stateName,
} from './key-record.ts';
import { KeyTurns } from './keyed-lock.ts';
import { type KeyView, keyView } from './key-view.ts';
import { CUTOFFS_MAX, nextCredentialTimeMs, rotated } from './rotation.ts';

export interface KeyStorePorts {
  readonly store: KeyValueStore;
  /** Told of every change, so that it shows at once where it was made. */
  readonly reader: KeyReader;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

export interface IssuedKey {
  /** The secret itself, shown this once. */
  readonly text: string;
  readonly credentialId: string;
  readonly view: KeyView;
}

/** All that is known of a key that was revoked although its other records can't be read. */
export interface UnreadableRevokedKey {
  readonly id: string;
  readonly status: 'revoked';
  /** ISO 8601, UTC. */
  readonly revokedAt: string;
}

/** Of the request that asked for the change, for its audit line. */
export interface AuditContext {
  readonly requestId?: string;
}

export class KeyStore extends KeyDirectory {
  readonly #ports: KeyStorePorts;
  readonly #turns: KeyTurns;

  constructor(ports: KeyStorePorts) {
    super(ports);
    this.#turns = new KeyTurns(ports.clock);
    this.#ports = ports;
  }

  /** Reads nothing: KV would remember that the key was not there. The credential goes last, so half a key is none. */
  async create(input: NewKey, audit: AuditContext = {}): Promise<Result<IssuedKey>> {
    const { clock, random, reader } = this.#ports;
    const key = generateApiKey(random);
    const { keyId } = key;
    const credential = credentialOf(key, clock.now());
    const { id, createdAt } = credential;
    const facts: KeyFacts = {
      v: KEY_RECORD_VERSION,
      keyId,
      createdAt,
      ...input,
      executions: [...input.executions],
    };
    const state: KeyState = { v: KEY_RECORD_VERSION, keyId };
    const rotation: KeyRotation = {
      v: KEY_RECORD_VERSION,
      keyId,
      credentials: [{ id, createdAt }],
      cutoffs: [],
    };
    const records: KeyRecords = { facts, state, rotation };
    const whatKeysHave = [
      [factsName(keyId), recordText(keyFactsSchema, facts)],
      [stateName(keyId), recordText(keyStateSchema, state)],
      [rotationName(keyId), recordText(keyRotationSchema, rotation)],
    ] as const;
    const credentialText = recordText(credentialSchema, credential);
    const { store } = this.#ports;
    const written = await stored(async () => {
      await Promise.all(whatKeysHave.map(([name, text]) => store.put(name, text)));
      await store.put(credentialName(id), credentialText);
    });
    if (!written.ok) return written;
    reader.noteCredential({ ...records, credential });
    this.#audit('key-created', keyId, audit, { credentialId: id });
    return ok({ text: key.text, credentialId: id, view: keyView(records, clock.now()) });
  }

  change(keyOrCredentialId: string, change: KeyChange, audit: AuditContext = {}): Promise<Result<KeyView>> {
    return this.#inTurn(keyOrCredentialId, () => this.#change(keyOrCredentialId, change, audit));
  }

  async #change(keyOrCredentialId: string, change: KeyChange, audit: AuditContext): Promise<Result<KeyView>> {
    const found = await this.#readUnrevoked(keyOrCredentialId);
    if (!found.ok) return found;
    const { store, clock, reader } = this.#ports;
    const facts = changedFacts(found.value.facts, change, new Date(clock.now()).toISOString());
    const { keyId } = facts;
    const text = recordText(keyFactsSchema, facts);
    const written = await stored(() => store.put(factsName(keyId), text));
    if (!written.ok) return written;
    reader.noteKey(keyId, { facts });
    this.#audit('key-changed', keyId, audit, { changed: Object.keys(change).toSorted().join(' ') });
    return ok(keyView({ ...found.value, facts }, clock.now()));
  }

  /** Another credential for the key; those before it are good for the overlap. The new one is written first. */
  rotate(
    keyOrCredentialId: string,
    rotation: Rotation,
    audit: AuditContext = {},
  ): Promise<Result<IssuedKey>> {
    return this.#inTurn(keyOrCredentialId, () => this.#rotate(keyOrCredentialId, rotation, audit));
  }

  async #rotate(
    keyOrCredentialId: string,
    { overlapSeconds }: Rotation,
    audit: AuditContext,
  ): Promise<Result<IssuedKey>> {
    const found = await this.#readUnrevoked(keyOrCredentialId);
    if (!found.ok) return found;
    const { store, clock, random, reader } = this.#ports;
    const { keyId } = found.value.facts;
    const { rotation } = found.value;
    const now = clock.now();
    const taken = rotation.credentials.map(({ id }) => id);
    const key = generateApiKey(random, nextCredentialId(keyId, taken, now));
    const credential = credentialOf(key, nextCredentialTimeMs(rotation, now));
    const next = rotated(rotation, credential, now + overlapSeconds * 1000, now);
    if (next === undefined) {
      const detail = `The key has ${CUTOFFS_MAX} overlaps under way: wait for one to end, or rotate with an overlap of 0.`;
      return fail({ type: 'conflict', detail });
    }
    const [credentialText, rotationText] = [
      recordText(credentialSchema, credential),
      recordText(keyRotationSchema, next),
    ];
    const written = await stored(async () => {
      await store.put(credentialName(credential.id), credentialText);
      await store.put(rotationName(keyId), rotationText);
    });
    if (!written.ok) return written;
    const records: KeyRecords = { ...found.value, rotation: next };
    reader.noteKey(keyId, { rotation: next });
    reader.noteCredential({ ...records, credential });
    this.#audit('key-rotated', keyId, audit, { credentialId: credential.id, overlapSeconds });
    return ok({ text: key.text, credentialId: credential.id, view: keyView(records, now) });
  }

  /**
   * For good, and for all credentials. Revoking again changes nothing. Works on a key whose records are refused, too: its
   * own record is written whole, whatever stood there, and takes no turn, since no other write can undo it.
   */
  async revoke(
    keyOrCredentialId: string,
    audit: AuditContext = {},
  ): Promise<Result<KeyView | UnreadableRevokedKey>> {
    const found = await this.readWhatIsThere(keyOrCredentialId);
    if (!found.ok) return found;
    const { store, clock, reader } = this.#ports;
    const { keyId, facts, rotation } = found.value;
    const revokedBefore = found.value.state?.revokedAt;
    const revokedAt = revokedBefore ?? new Date(clock.now()).toISOString();
    const state: KeyState = { v: KEY_RECORD_VERSION, keyId, revokedAt };
    if (revokedBefore === undefined) {
      const text = recordText(keyStateSchema, state);
      const written = await stored(() => store.put(stateName(keyId), text));
      if (!written.ok) return written;
      reader.noteKey(keyId, { state });
      this.#audit('key-revoked', keyId, audit, {});
    }
    if (facts && rotation) return ok(keyView({ facts, rotation, state }, clock.now()));
    return ok({ id: keyId, status: 'revoked', revokedAt });
  }

  async #readUnrevoked(keyOrCredentialId: string): Promise<Result<KeyRecords>> {
    const found = await this.read(keyOrCredentialId);
    if (!found.ok || found.value.state.revokedAt === undefined) return found;
    return fail({ type: 'conflict', detail: 'The key is revoked, which is for good: create another one.' });
  }

  #inTurn<T>(keyOrCredentialId: string, work: () => Promise<Result<T>>): Promise<Result<T>> {
    return this.#turns.take(keyIdFrom(keyOrCredentialId) ?? keyOrCredentialId, work);
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

const credentialOf = ({ keyId, credentialId, hash }: ApiKey, createdAtMs: number): Credential => ({
  v: KEY_RECORD_VERSION,
  keyId,
  id: credentialId,
  hash,
  createdAt: new Date(createdAtMs).toISOString(),
});

function changedFacts(facts: KeyFacts, change: KeyChange, changedAt: string): KeyFacts {
  const { owner, expiresAt, executions, ...rest } = change;
  const { owner: oldOwner, expiresAt: oldExpiresAt, ...old } = facts;
  const newOwner = owner === undefined ? oldOwner : owner;
  const newExpiresAt = expiresAt === undefined ? oldExpiresAt : expiresAt;
  return {
    ...old,
    ...rest,
    ...(executions !== undefined && { executions: [...executions] }),
    ...(newOwner !== undefined && newOwner !== null && { owner: newOwner }),
    ...(newExpiresAt !== undefined && newExpiresAt !== null && { expiresAt: newExpiresAt }),
    changedAt,
  };
}
