/**
 * Checks whether an ended execution has been redriven. Step Functions can redrive an unsuccessful execution
 * for 14 days. history-view.ts acts on the result.
 */
import type { ArchiveHead } from '../../archive/archive-head.ts';
import type { Clock } from '../../core/clock.ts';
import { type Result, type SourceFailure, ok } from '../../core/errors.ts';
import type { Descriptions } from '../upstream/descriptions.ts';
import type { ReadTrace } from '../upstream/read-terms.ts';

/** Readers see a redrive at most this long after it began. */
export const REDRIVE_CHECK_MS = 60_000;

/** The members of a settled history, archived or not, that the check needs. */
type KnownToEnd = Pick<ArchiveHead, 'archivedAt' | 'endedAt'>;

export interface RedriveCheck {
  readonly descriptions: Descriptions;
  readonly clock: Clock;
  readonly trace: ReadTrace;
  readonly signal?: AbortSignal | undefined;
}

/** True if the execution was redriven after the known end. A failure if this cannot be determined now. */
export async function wasRedriven(
  known: KnownToEnd,
  { descriptions, clock, trace, signal }: RedriveCheck,
): Promise<Result<boolean, SourceFailure>> {
  const notBeforeMs = Math.max(clock.now() - REDRIVE_CHECK_MS + 1, Date.parse(known.archivedAt));
  const described = await descriptions.describe(trace, { notBeforeMs, signal });
  if (!described) return ok(false);
  // An execution that its source has deleted cannot be redriven.
  if (!described.ok) return described.failure.type === 'upstream-not-found' ? ok(false) : described;
  const { status, endedAt, redriveCount, redrivenAt } = described.value;
  if (status === 'RUNNING') return ok(true);
  // The execution might have been redriven and have ended again. Then its last redrive is later than the
  // known end. The source's end is compared only if it reports no redrive count, because that end can differ
  // slightly from the last message's timestamp.
  const againAt = redriveCount === undefined ? endedAt : redrivenAt;
  return ok(Date.parse(againAt ?? '') > Date.parse(known.endedAt ?? ''));
}
