/**
 * The head of an archived history: its facts without its messages. It is stored as the metadata of page 0, so
 * that one read answers most requests, and also in the Execution's own storage.
 */
import * as z from 'zod/mini';

import { STATUSES } from '../messages/event-types.ts';

/** Version of heads and page records. This code ignores newer ones, and then writes its own. */
export const ARCHIVE_VERSION = 1;

const time = z.string().check(z.maxLength(32));

const upstreamFactsSchema = z.object({
  /** The upstream's own status, such as TIMED_OUT. */
  status: z.optional(z.string().check(z.maxLength(32))),
  startedAt: z.optional(time),
  endedAt: z.optional(time),
  redriveCount: z.optional(z.number()),
  /** The map run that started it. */
  mapRunArn: z.optional(z.string().check(z.maxLength(256))),
});

/**
 * What the source reported of the execution when it was archived. Lists show this, as they do for live
 * executions.
 */
type UpstreamFacts = z.infer<typeof upstreamFactsSchema>;

/**
 * Reads the description that an archive keeps, which is in the source's own form. Undefined if it is not one.
 */
export type ReadDescription = (description: Readonly<Record<string, unknown>>) => object | undefined;

/** Undefined if the description is not the source's, or does not fit into a head. */
export const upstreamFactsOf = (
  description: Readonly<Record<string, unknown>> | undefined,
  read: ReadDescription,
): UpstreamFacts | undefined => description && z.safeParse(upstreamFactsSchema, read(description)).data;

export const archiveHeadSchema = z.object({
  v: z.literal(ARCHIVE_VERSION),
  /** Random, and part of the page keys, so that a new archive never mixes with an old one. */
  generation: z.string().check(z.regex(/^[0-9a-z]{16}$/)),
  count: z.number().check(z.int(), z.positive()),
  status: z.enum(STATUSES),
  /** The timestamps of the first and the last message, if they have one. */
  startedAt: z.optional(time),
  endedAt: z.optional(time),
  archivedAt: time,
  /** Until then Step Functions may redrive the execution. Absent: it cannot be redriven. */
  finalAt: z.optional(time),
  /** When the store deletes it. Absent: never, or unknown because an older version wrote the archive. */
  expiresAt: z.optional(time),
  upstream: z.optional(upstreamFactsSchema),
  /** Which members of its messages were derived when it was written (see DERIVED). Absent: none. */
  derived: z.optional(z.number()),
  /** `import`: from an exported file, so no upstream can provide it again. */
  from: z.enum(['source', 'import']),
});

export type ArchiveHead = z.infer<typeof archiveHeadSchema>;

/**
 * Incremented when more members are derived. Archives with a lower number are upgraded; those with a higher
 * one stay unchanged.
 */
export const DERIVED = 1;

export const isUpgraded = ({ derived = 0 }: Pick<ArchiveHead, 'derived'>): boolean => derived >= DERIVED;

/** Whether it can no longer be redriven. */
export const isFinal = ({ finalAt }: Pick<ArchiveHead, 'finalAt'>, nowMs: number): boolean =>
  finalAt === undefined || Date.parse(finalAt) <= nowMs;
