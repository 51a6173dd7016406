/**
 * Computes a key's rotation record after a rotation. Its cutoffs end credentials by age, so a rotation need
 * not know which credentials exist. A cutoff even ends a credential that another isolate has just created. No
 * I/O, no clock.
 */
import type { Credential, Cutoff, KeyRotation } from './key-record.ts';

/** How many overlaps of a key may run in parallel. During an overlap, older credentials are still valid. */
export const CUTOFFS_MAX = 8;
/** How many credentials admins see. Older ones are not listed, but still expire as planned. */
const CREDENTIALS_LISTED_MAX = 10;

/**
 * The creation time for the key's next credential: now, or just after the latest known credential or cutoff
 * if that is later. So the new cutoff includes all known credentials but not the new one.
 */
export const nextCredentialTimeMs = ({ credentials, cutoffs }: KeyRotation, nowMs: number): number =>
  Math.max(
    nowMs,
    ...credentials.map(({ createdAt }) => Date.parse(createdAt) + 1),
    ...cutoffs.map(({ before }) => Date.parse(before) + 1),
  );

/** Returns the record after a rotation to `credential`, or undefined if too many overlaps are running. */
export function rotated(
  rotation: KeyRotation,
  credential: Credential,
  overlapEndsAtMs: number,
  nowMs: number,
): KeyRotation | undefined {
  const cutoff: Cutoff = { before: credential.createdAt, endsAt: new Date(overlapEndsAtMs).toISOString() };
  const cutoffs = withoutRedundant([...rotation.cutoffs, cutoff], nowMs);
  if (cutoffs.length > CUTOFFS_MAX) return undefined;
  return {
    ...rotation,
    credentials: [{ id: credential.id, createdAt: credential.createdAt }, ...rotation.credentials].slice(
      0,
      CREDENTIALS_LISTED_MAX,
    ),
    cutoffs,
  };
}

/**
 * Drops redundant cutoffs. A cutoff is redundant if another one covers all its credentials, and ends them at
 * the same time or earlier.
 */
const withoutRedundant = (cutoffs: readonly Cutoff[], nowMs: number): Cutoff[] =>
  cutoffs.filter(
    (cutoff) =>
      !cutoffs.some((other) => other.before > cutoff.before && endsMs(other, nowMs) <= endsMs(cutoff, nowMs)),
  );

/** Treats all times in the past as equal. */
const endsMs = ({ endsAt }: Cutoff, nowMs: number): number => Math.max(Date.parse(endsAt), nowMs);
