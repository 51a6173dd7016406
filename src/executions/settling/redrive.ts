/**
 * Whether an execution that ended was redriven since: Step Functions can redrive an unsuccessful one for 14
 * days. The history view decides what follows.
 */
import type { ArchiveHead } from '../../archive/archive-head.ts';
import type { Clock } from '../../core/clock.ts';
import { type Result, type SourceFailure, ok } from '../../core/errors.ts';
import type { Descriptions } from '../upstream/descriptions.ts';
import type { ReadTrace } from '../upstream/read-terms.ts';

/** A redrive shows to readers after this long, at the latest. */
export const REDRIVE_CHECK_MS = 60_000;

/** The facts of a history that was read to its end, archived or not. */
type KnownToEnd = Pick<ArchiveHead, 'archivedAt' | 'endedAt'>;

export interface RedriveCheck {
  readonly descriptions: Descriptions;
  readonly clock: Clock;
  readonly trace: ReadTrace;
  readonly signal?: AbortSignal | undefined;
}

/** True if the execution was redriven after this end. A failure if that cannot be determined now. */
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
  // It may have been redriven and ended again: then its last redrive is later than the known end. A source
  // without a redrive count has only the end to compare, which may differ slightly from the last message's
  // timestamp.
  const againAt = redriveCount === undefined ? endedAt : redrivenAt;
  return ok(Date.parse(againAt ?? '') > Date.parse(known.endedAt ?? ''));
}
