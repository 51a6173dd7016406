/**
 * The head of an archived history: facts about the history, without its messages. It is stored as the
 * metadata of page 0, so that most requests need only one read. The Execution's own storage has a copy.
 */
import * as z from 'zod/mini';

import { STATUSES } from '../messages/event-types.ts';

/**
 * The version of heads and page records. Newer versions are ignored, and the history is then archived again.
 */
export const ARCHIVE_VERSION = 1;

const time = z.string().check(z.maxLength(32));

const upstreamFactsSchema = z.object({
  /** The status in the upstream's own words, such as TIMED_OUT. */
  status: z.optional(z.string().check(z.maxLength(32))),
  startedAt: z.optional(time),
  endedAt: z.optional(time),
  redriveCount: z.optional(z.number()),
  /** The map run that started the execution. */
  mapRunArn: z.optional(z.string().check(z.maxLength(256))),
});

/**
 * What the source reported about the execution when it was archived. Lists show these facts, as they do for
 * live executions.
 */
type UpstreamFacts = z.infer<typeof upstreamFactsSchema>;

/**
 * Parses an archived description, which is in the source's own format. Returns undefined if the format is
 * unknown.
 */
export type ReadDescription = (description: Readonly<Record<string, unknown>>) => object | undefined;

/**
 * Extracts the facts for a head. Undefined if the description cannot be parsed, or its values are too long
 * for a head.
 */
export const upstreamFactsOf = (
  description: Readonly<Record<string, unknown>> | undefined,
  read: ReadDescription,
): UpstreamFacts | undefined => description && z.safeParse(upstreamFactsSchema, read(description)).data;

export const archiveHeadSchema = z.object({
  v: z.literal(ARCHIVE_VERSION),
  /**
   * A random name for this archive. It is part of the page keys, so that pages of a new archive never mix
   * with those of an old one.
   */
  generation: z.string().check(z.regex(/^[0-9a-z]{16}$/)),
  count: z.number().check(z.int(), z.positive()),
  status: z.enum(STATUSES),
  /** The timestamps of the first and the last message, if they have one. */
  startedAt: z.optional(time),
  endedAt: z.optional(time),
  archivedAt: time,
  /**
   * When the history becomes final: until then Step Functions can redrive the execution. Absent if it cannot
   * be redriven.
   */
  finalAt: z.optional(time),
  /** When the archive expires. Absent if it never expires, or if an older version wrote it. */
  expiresAt: z.optional(time),
  upstream: z.optional(upstreamFactsSchema),
  /** The value of DERIVED when the archive was written. Absent if no members were derived. */
  derived: z.optional(z.number()),
  /** `import`: the history was imported from a file, so no upstream can provide it again. */
  from: z.enum(['source', 'import']),
});

export type ArchiveHead = z.infer<typeof archiveHeadSchema>;

/**
 * Incremented when this code derives more members of messages. Archives with a lower number are upgraded.
 * Those with a higher number stay unchanged.
 */
export const DERIVED = 1;

export const isUpgraded = ({ derived = 0 }: Pick<ArchiveHead, 'derived'>): boolean => derived >= DERIVED;

/** True if the execution can no longer be redriven. */
export const isFinal = ({ finalAt }: Pick<ArchiveHead, 'finalAt'>, nowMs: number): boolean =>
  finalAt === undefined || Date.parse(finalAt) <= nowMs;
