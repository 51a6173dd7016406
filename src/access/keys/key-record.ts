/**
 * What is stored of an API key. Workers KV has no compare-and-set, reads may be a minute old, and the last write wins; so
 * each record has one kind of writer, and no write can undo one of another kind:
 *
 *     key/credential/<credential id>  create, rotate: once, never overwritten. The SHA-256 of one key text
 *     key/state/<key id>              create, then revoke alone: whether the key is revoked
 *     key/rotation/<key id>           create, then rotate alone: until when credentials of which age are good
 *     key/facts/<key id>              create, then change alone: name, executions and what else an admin chose
 *     key/used/<key id>               use alone: when the key was last used, about once an hour
 *
 * A revocation can't be lost to a change or a rotation that began before it, and reaches credentials that are being made
 * at that moment. A new credential is a key that no place has read before, so it works everywhere at once. Rotation ends
 * what is older than itself by age, not by name, so it needs no list of credentials. All names follow from the credential's
 * id, so that the first four are one read (`getMany`). A record that is missing, damaged or of a newer version lets nobody
 * in. What is left: of two writes of the same kind in two places within a minute, the last one wins as a whole. The schema
 * stands in docs/storage.md.
 */
import * as z from 'zod/mini';

import type { Log } from '../../core/log.ts';
import type { Entry } from '../../storage/key-value.ts';
import { keyIdOf } from './api-key.ts';
import { EXECUTION_PATTERNS_MAX } from '../execution-pattern.ts';

/** Raised when a record's meaning changes; what an older program can't read, it refuses. */
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
  payloads: z.enum(['full', 'none']),
  tickets: z.boolean(),
  tier: z.enum(['standard', 'high']),
  streamLimit: z.int().check(z.positive()),
});
export type KeyFacts = z.infer<typeof keyFactsSchema>;

export const keyStateSchema = z.object({ v: version, keyId: z.string(), revokedAt: z.optional(time) });
export type KeyState = z.infer<typeof keyStateSchema>;

export const keyRotationSchema = z.object({
  v: version,
  keyId: z.string(),
  /** Newest first, for people to look at and for new ids not to repeat; nothing is allowed or refused by it. */
  credentials: z.array(z.object({ id: z.string(), createdAt: time })),
  /** Credentials made before `before` are good until `endsAt`, the earliest of all that apply. */
  cutoffs: z.array(z.object({ before: time, endsAt: time })),
});
export type KeyRotation = z.infer<typeof keyRotationSchema>;
export type Cutoff = KeyRotation['cutoffs'][number];

export const credentialSchema = z.object({
  v: version,
  keyId: z.string(),
  id: z.string(),
  hash: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  createdAt: time,
});
export type Credential = z.infer<typeof credentialSchema>;

export const keyUseSchema = z.object({ v: version, keyId: z.string(), at: time });

export const FACTS_PREFIX = 'key/facts/';
export const factsName = (keyId: string): string => FACTS_PREFIX + keyId;
export const stateName = (keyId: string): string => `key/state/${keyId}`;
export const rotationName = (keyId: string): string => `key/rotation/${keyId}`;
export const usedName = (keyId: string): string => `key/used/${keyId}`;
export const credentialName = (credentialId: string): string => `key/credential/${credentialId}`;

/** What is known of a key when all its records could be read. */
export interface KeyRecords {
  readonly facts: KeyFacts;
  readonly state: KeyState;
  readonly rotation: KeyRotation;
}

/** A key together with the credential that was asked for. */
export interface CredentialRecords extends KeyRecords {
  readonly credential: Credential;
}

/**
 * Until when the credential is good, in clock milliseconds, as far as rotation and the key's own expiry go; undefined when
 * neither ends it.
 */
export function goodUntilMs({ facts, rotation, credential }: CredentialRecords): number | undefined {
  const ends = [
    ...(facts.expiresAt === undefined ? [] : [Date.parse(facts.expiresAt)]),
    ...endsOfCredential(rotation, credential.createdAt),
  ];
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** When rotations end a credential made at `createdAt`; several may. */
export const endsOfCredential = ({ cutoffs }: KeyRotation, createdAt: string): readonly number[] =>
  cutoffs
    .filter(({ before }) => Date.parse(createdAt) < Date.parse(before))
    .map(({ endsAt }) => Date.parse(endsAt));

/** Parses records of one key; a log line and undefined for what can't be trusted. */
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

/** The credential of this id, or undefined when the record is not to be trusted. */
export function parseCredential(credentialId: string, entry: Entry, log: Log): Credential | undefined {
  const name = credentialName(credentialId);
  const credential = createRecordParser(keyIdOf(credentialId), log)(credentialSchema, name, entry);
  if (credential === undefined || credential.id === credentialId) return credential;
  log({ event: 'key-record-refused', level: 'error', record: name, reason: 'of another credential' });
  return undefined;
}

/** The text to store. Throws, which is a bug, where the record would be refused when it is read back. */
export function recordText<T>(schema: z.ZodMiniType<T>, record: T): string {
  const text = JSON.stringify(record);
  z.parse(schema, JSON.parse(text));
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isNewer = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && 'v' in json && Number(json.v) > KEY_RECORD_VERSION;
