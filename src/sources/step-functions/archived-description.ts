/**
 * Reads the facts that lists show about an archived execution. They are in the answer of `DescribeExecution`
 * that is archived with it. `startDate` and `stopDate` equal those in `ListExecutions`, so an execution keeps
 * its place in a list when it is archived.
 */
import { descriptionFromAnswer } from './step-functions.ts';

export interface DescribedFacts {
  /** AWS's own status, such as TIMED_OUT. */
  readonly status: string;
  /** ISO 8601. */
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly redriveCount?: number;
  readonly mapRunArn?: string;
}

/** Undefined if `description` is not an answer of DescribeExecution. */
export function readArchivedDescription(
  description: Readonly<Record<string, unknown>>,
): DescribedFacts | undefined {
  const read = descriptionFromAnswer(description, 'metadata');
  if (!read.ok) return undefined;
  const { upstreamStatus, startedAt, endedAt, redriveCount } = read.value;
  const { mapRunArn } = description;
  return {
    status: upstreamStatus,
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(redriveCount !== undefined && { redriveCount }),
    ...(typeof mapRunArn === 'string' && { mapRunArn }),
  };
}
