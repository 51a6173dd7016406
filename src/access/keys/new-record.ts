/**
 * Builds the records to write when a key is created or changed. No I/O, no clock. For rotations, see
 * rotation.ts.
 */
import type { GeneratedApiKey } from './api-key.ts';
import type { KeyChange, NewKey } from './key-input.ts';
import { type Credential, KEY_RECORD_VERSION, type KeyFacts, type KeyRecords } from './key-record.ts';

export const newCredential = (
  { keyId, credentialId, hash }: Omit<GeneratedApiKey, 'text'>,
  createdAtMs: number,
): Credential => ({
  v: KEY_RECORD_VERSION,
  keyId,
  id: credentialId,
  hash,
  createdAt: new Date(createdAtMs).toISOString(),
});

/** The records of a new key with this credential. */
export function newKeyRecords({ keyId, id, createdAt }: Credential, input: NewKey): KeyRecords {
  const common = { v: KEY_RECORD_VERSION, keyId } as const;
  return {
    facts: { ...common, createdAt, ...input, executions: [...input.executions] },
    state: common,
    rotation: { ...common, credentials: [{ id, createdAt }], cutoffs: [] },
  };
}

/** Applies a change. Absent members stay unchanged, and null removes a member. */
export function changedFacts(facts: KeyFacts, change: KeyChange, changedAt: string): KeyFacts {
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
