/**
 * What a rotation does to a key's rotation record. A cutoff ends credentials by their age, so a rotation need not know
 * which there are: one that was made elsewhere a moment ago ends with the others. No I/O, no clock.
 */
import type { Credential, Cutoff, KeyRotation } from './key-record.ts';

/** Overlaps under way at once. */
export const CUTOFFS_MAX = 8;
/** For people to look at; older ones end as they would anyway. */
const CREDENTIALS_LISTED_MAX = 10;

/** When the next credential of the key is made: now, and later than all that are known, so that the cutoff tells them apart. */
export const nextCredentialTimeMs = ({ credentials, cutoffs }: KeyRotation, nowMs: number): number =>
  Math.max(
    nowMs,
    ...credentials.map(({ createdAt }) => Date.parse(createdAt) + 1),
    ...cutoffs.map(({ before }) => Date.parse(before) + 1),
  );

/** The record after `credential` took over; undefined when too many overlaps are under way. */
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

/** A cutoff says nothing new when a later one ends all that it ends, and no later (or both are over). */
const withoutRedundant = (cutoffs: readonly Cutoff[], nowMs: number): Cutoff[] =>
  cutoffs.filter(
    (cutoff) =>
      !cutoffs.some((other) => other.before > cutoff.before && endsMs(other, nowMs) <= endsMs(cutoff, nowMs)),
  );

/** All that is over is equally over. */
const endsMs = ({ endsAt }: Cutoff, nowMs: number): number => Math.max(Date.parse(endsAt), nowMs);
