/**
 * The head of an archived history: what is known of it without reading its messages. It is the metadata of page 0, so that
 * one read answers most requests, and stands in the Execution's own storage too.
 */
import * as z from 'zod/mini';

import { STATUSES } from '../messages/event-types.ts';

/** Version of heads and page records. A newer one is as good as none for this code, which then writes its own. */
export const ARCHIVE_VERSION = 1;

const time = z.string().check(z.maxLength(32));

export const archiveHeadSchema = z.object({
  v: z.literal(ARCHIVE_VERSION),
  /** Random; part of the keys of its pages, so that a new archive never mixes with an old one. */
  generation: z.string().check(z.regex(/^[0-9a-z]{16}$/)),
  count: z.number().check(z.int(), z.positive()),
  status: z.enum(STATUSES),
  /** Of the first and the last message, where they have a timestamp. */
  startedAt: z.optional(time),
  endedAt: z.optional(time),
  archivedAt: time,
  /** Until then it may be started again (Step Functions' redrive). Absent: it can never go on. */
  finalAt: z.optional(time),
  /** `import`: from an exported file. No upstream can give it again. */
  from: z.enum(['source', 'import']),
});

export type ArchiveHead = z.infer<typeof archiveHeadSchema>;

/** It can never go on. */
export const isFinal = ({ finalAt }: Pick<ArchiveHead, 'finalAt'>, nowMs: number): boolean =>
  finalAt === undefined || Date.parse(finalAt) <= nowMs;
