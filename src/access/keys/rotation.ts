/**
 * How a rotation changes a key's rotation record. A cutoff ends credentials by age, so a rotation need not
 * know which ones exist: it also ends a credential that another place has just created. No I/O, no clock.
 */
import type { Credential, Cutoff, KeyRotation } from './key-record.ts';

/** Overlaps that may run at once. */
export const CUTOFFS_MAX = 8;
/** Shown to admins only. Credentials beyond this number still end as planned. */
const CREDENTIALS_LISTED_MAX = 10;

/**
 * The creation time of the key's next credential: now, but later than all known ones, so that the cutoff
 * tells them apart.
 */
export const nextCredentialTimeMs = ({ credentials, cutoffs }: KeyRotation, nowMs: number): number =>
  Math.max(
    nowMs,
    ...credentials.map(({ createdAt }) => Date.parse(createdAt) + 1),
    ...cutoffs.map(({ before }) => Date.parse(before) + 1),
  );

/** The record after the rotation to `credential`; undefined if too many overlaps are running. */
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
 * Drops cutoffs that have no effect: a later one ends the same credentials at the same time or earlier, or
 * both have passed.
 */
const withoutRedundant = (cutoffs: readonly Cutoff[], nowMs: number): Cutoff[] =>
  cutoffs.filter(
    (cutoff) =>
      !cutoffs.some((other) => other.before > cutoff.before && endsMs(other, nowMs) <= endsMs(cutoff, nowMs)),
  );

/** Times in the past count as equal. */
const endsMs = ({ endsAt }: Cutoff, nowMs: number): number => Math.max(Date.parse(endsAt), nowMs);
