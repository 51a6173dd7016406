/**
 * Reads what an archive keeps of `DescribeExecution`: the facts by which lists show the execution.
 * `startDate` and `stopDate` are those of `ListExecutions`, so an archived execution has the same place in a
 * list as a live one.
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

/** Undefined if it is not such a description. */
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
