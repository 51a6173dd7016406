/**
 * The stored records of an API key. Workers KV has no compare-and-set, its reads can be a minute old, and the
 * last write wins. So an API key is split into several records. Each is written by one kind of operation, so
 * no operation can undo another of a different kind:
 *
 *     key/credential/<credential id>  create, rotate; never overwritten. The SHA-256 of one key text
 *     key/state/<key id>              create, then revoke: whether the key is revoked
 *     key/rotation/<key id>           create, then rotate: when credentials expire, by their age
 *     key/facts/<key id>              create, then change: name, executions and everything else an admin chose
 *     key/used/<key id>               use: when the key was last used, about once an hour
 *
 * - A change or rotation that is in progress cannot undo a revocation. A revocation also ends credentials
 *   that are being created at that moment.
 * - The name of a new credential has never been read before, so no location has cached a miss for it. The
 *   credential works everywhere immediately.
 * - Rotation expires older credentials by age, not by name, so it needs no list of credentials.
 * - All names can be derived from the credential's id, so one `getMany` reads the first four records.
 * - A record that is missing, damaged or of a newer version grants no access.
 *
 * One race remains: if two isolates write the same record within a minute, the last write replaces the other
 * completely. The schema is in docs/storage.md.
 */
import { Buffer } from 'node:buffer';

import * as z from 'zod/mini';

import type { Log } from '../../core/log.ts';
import { RATE_TIER_NAMES } from '../../core/rate-tier.ts';
import { parseJson } from '../../core/parse-json.ts';
import type { Entry } from '../../storage/key-value.ts';
import { type PayloadAccess, accessOfStored, storedAccess } from '../../messages/payload-access.ts';
import { keyIdOf } from './api-key.ts';
import { EXECUTION_PATTERNS_MAX } from './execution-pattern.ts';

/** The default for new keys, and for keys whose record was written before this limit existed. */
export const TOTAL_STREAM_LIMIT_DEFAULT = 1000;

/** Increment this when the meaning of a record changes. Older versions of Flowtap refuse newer records. */
export const KEY_RECORD_VERSION = 1;

const version = z.literal(KEY_RECORD_VERSION);
/** ISO 8601 in UTC, as `toISOString` writes it. */
const time = z.string().check(z.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/));

export const keyFactsSchema = z.object({
  v: version,
  keyId: z.string(),
  name: z.string(),
  owner: z.optional(z.string()),
  createdAt: time,
  changedAt: z.optional(time),
  expiresAt: z.optional(time),
  executions: z.array(z.string()).check(z.maxLength(EXECUTION_PATTERNS_MAX)),
  /**
   * These two members are the level of access to payloads, see `storedAccess`. If an older version of Flowtap
   * drops `payloadNames`, the key shows less, never more.
   */
  payloads: z.enum(['full', 'none']),
  payloadNames: z.optional(z.literal(true)),
  tickets: z.boolean(),
  tier: z.enum(RATE_TIER_NAMES),
  streamLimit: z.int().check(z.positive()),
  totalStreamLimit: z._default(z.int().check(z.positive()), TOTAL_STREAM_LIMIT_DEFAULT),
});
type StoredFacts = z.infer<typeof keyFactsSchema>;
export type KeyFacts = Omit<StoredFacts, 'payloads' | 'payloadNames'> & { payloads: PayloadAccess };

export function factsText({ payloads, ...facts }: KeyFacts): string {
  const { access, names } = storedAccess(payloads);
  return recordText(keyFactsSchema, { ...facts, payloads: access, ...(names && { payloadNames: true }) });
}

const factsOf = ({ payloads, payloadNames, ...facts }: StoredFacts): KeyFacts => ({
  ...facts,
  payloads: accessOfStored(payloads, payloadNames),
});

export const keyStateSchema = z.object({ v: version, keyId: z.string(), revokedAt: z.optional(time) });
export type KeyState = z.infer<typeof keyStateSchema>;

export const keyRotationSchema = z.object({
  v: version,
  keyId: z.string(),
  /**
   * The key's credentials, newest first. The list is shown to admins, and prevents repeated ids. No
   * permission check depends on it.
   */
  credentials: z.array(z.object({ id: z.string(), createdAt: time })),
  /**
   * Credentials created before `before` expire at `endsAt`. If several cutoffs apply, the earliest counts.
   */
  cutoffs: z.array(z.object({ before: time, endsAt: time })),
});
export type KeyRotation = z.infer<typeof keyRotationSchema>;
export type Cutoff = KeyRotation['cutoffs'][number];

const credentialSchema = z.object({
  v: version,
  keyId: z.string(),
  id: z.string(),
  /** Hexadecimal. */
  hash: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  createdAt: time,
});
type StoredCredential = z.infer<typeof credentialSchema>;
/** A credential in memory: its hash is bytes, which authentication can compare directly. */
export type Credential = Omit<StoredCredential, 'hash'> & { readonly hash: Uint8Array };

export const credentialText = ({ hash, ...rest }: Credential): string =>
  recordText(credentialSchema, { ...rest, hash: Buffer.from(hash).toString('hex') });

export const keyUseSchema = z.object({ v: version, keyId: z.string(), at: time });

export const FACTS_PREFIX = 'key/facts/';
export const factsName = (keyId: string): string => FACTS_PREFIX + keyId;
const STATE_PREFIX = 'key/state/';
export const stateName = (keyId: string): string => STATE_PREFIX + keyId;
/**
 * True for the name of a state record. Revoking a key writes that record, so it must stay writable even if
 * the disk is almost full.
 */
export const isRevocation = (name: string): boolean => name.startsWith(STATE_PREFIX);
export const rotationName = (keyId: string): string => `key/rotation/${keyId}`;
export const usedName = (keyId: string): string => `key/used/${keyId}`;
export const credentialName = (credentialId: string): string => `key/credential/${credentialId}`;

/** All records of a key, each one readable. */
export interface KeyRecords {
  readonly facts: KeyFacts;
  readonly state: KeyState;
  readonly rotation: KeyRotation;
}

/** A key together with one of its credentials. */
export interface CredentialRecords extends KeyRecords {
  readonly credential: Credential;
}

/**
 * When the credential expires, by rotation or by the key's own expiry, in clock milliseconds. Undefined if
 * never.
 */
export function validUntilMs({ facts, rotation, credential }: CredentialRecords): number | undefined {
  const ends = [
    ...(facts.expiresAt === undefined ? [] : [Date.parse(facts.expiresAt)]),
    ...endsOfCredential(rotation, credential.createdAt),
  ];
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/**
 * The times at which rotations end a credential created at `createdAt`. Several rotations can end the same
 * credential.
 */
export const endsOfCredential = ({ cutoffs }: KeyRotation, createdAt: string): readonly number[] =>
  cutoffs
    .filter(({ before }) => Date.parse(createdAt) < Date.parse(before))
    .map(({ endsAt }) => Date.parse(endsAt));

/** The names in the order in which `parseKeyRecords` expects the entries. */
export const keyRecordNames = (keyId: string): readonly string[] => [
  factsName(keyId),
  stateName(keyId),
  rotationName(keyId),
];

/** Parses all records of the key. If one is missing or unacceptable, logs that and returns undefined. */
export function parseKeyRecords(
  keyId: string,
  entries: readonly (Entry | undefined)[],
  log: Log,
): KeyRecords | undefined {
  const { facts, state, rotation } = parseEachKeyRecord(keyId, entries, log);
  return facts && state && rotation ? { facts, state, rotation } : undefined;
}

/** Parses those records that can be read, and logs the others. */
export function parseEachKeyRecord(
  keyId: string,
  [factsEntry, stateEntry, rotationEntry]: readonly (Entry | undefined)[],
  log: Log,
): Partial<KeyRecords> {
  const parse = createRecordParser(keyId, log);
  const stored = parse(keyFactsSchema, factsName(keyId), factsEntry);
  const state = parse(keyStateSchema, stateName(keyId), stateEntry);
  const rotation = parse(keyRotationSchema, rotationName(keyId), rotationEntry);
  return {
    ...(stored && { facts: factsOf(stored) }),
    ...(state && { state }),
    ...(rotation && { rotation }),
  };
}

/**
 * Creates a parser for the records of one key. If a record is missing, damaged or belongs to another key, the
 * parser logs that and returns undefined.
 */
export function createRecordParser(keyId: string, log: Log) {
  return function parse<T extends { keyId: string }>(
    schema: z.ZodMiniType<T>,
    name: string,
    entry: Entry | undefined,
  ): T | undefined {
    const problem = (reason: string) =>
      log({ event: 'key-record-refused', level: 'error', record: name, reason });
    if (entry === undefined) {
      problem('missing');
      return undefined;
    }
    const json = parseJson(entry.value);
    const parsed = z.safeParse(schema, json);
    if (!parsed.success) {
      problem(isNewer(json) ? 'newer version' : 'damaged');
      return undefined;
    }
    if (parsed.data.keyId !== keyId) {
      problem('of another key');
      return undefined;
    }
    return parsed.data;
  };
}

/** Parses the credential with this id. If its record is unacceptable, logs that and returns undefined. */
export function parseCredential(credentialId: string, entry: Entry, log: Log): Credential | undefined {
  const name = credentialName(credentialId);
  const stored = createRecordParser(keyIdOf(credentialId), log)(credentialSchema, name, entry);
  if (stored === undefined) return undefined;
  if (stored.id === credentialId) return { ...stored, hash: Buffer.from(stored.hash, 'hex') };
  log({ event: 'key-record-refused', level: 'error', record: name, reason: 'of another credential' });
  return undefined;
}

/** Serializes a record for the store. Throws if the record could not be read back, which would be a bug. */
export function recordText<T>(schema: z.ZodMiniType<T>, record: T): string {
  const text = JSON.stringify(record);
  z.parse(schema, JSON.parse(text));
  return text;
}

const isNewer = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && 'v' in json && Number(json.v) > KEY_RECORD_VERSION;
