/**
 * One stored part of an archived history: up to 250 messages, fewer where they are large. Parsed when it is read back, and
 * checked against what it should be: a damaged or newer record is as good as none.
 */
import * as z from 'zod/mini';

import type { Chunk } from '../messages/history.ts';
import { fingerprintsAlong } from '../messages/fingerprint.ts';
import { messageSchema, type Message } from '../messages/message.ts';
import { ARCHIVE_VERSION, type ArchiveHead } from './archive-head.ts';

/** Messages in an archive page: position / 250 is its number, no index needed. */
export const ARCHIVE_PAGE_MESSAGES = 250;
/** A part is closed when it has this many bytes. KV takes 25 MiB; a page of ours shows at most 4 MiB. */
export const PART_BYTES_MAX = 4 * 1024 * 1024;

const recordSchema = z.object({
  v: z.literal(ARCHIVE_VERSION),
  source: z.string(),
  executionId: z.string(),
  generation: z.string(),
  start: z.number().check(z.int(), z.nonnegative()),
  fingerprint: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  /** On a page's first part: where its further parts start. */
  parts: z.optional(z.array(z.number())),
  messages: z.array(messageSchema),
});

export type ArchiveRecord = z.infer<typeof recordSchema>;

export const encodeRecord = (record: ArchiveRecord): string => JSON.stringify(record);

/** The record and its chunk, or undefined when it is not the one that the head tells of. */
export function decodeRecord(
  text: string,
  head: Pick<ArchiveHead, 'generation' | 'count'>,
  start?: number,
): { record: ArchiveRecord; chunk: Chunk } | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = z.safeParse(recordSchema, json);
  if (!parsed.success) return undefined;
  const record = parsed.data;
  // Safety: zod's optional members admit an explicit undefined, which JSON can't hold.
  const messages = record.messages as Message[];
  if (record.generation !== head.generation || (start !== undefined && record.start !== start))
    return undefined;
  const end = record.start + messages.length;
  if (messages.length === 0 || end > head.count) return undefined;
  const chunk: Chunk = {
    start: record.start,
    messages,
    fingerprints: fingerprintsAlong(record.fingerprint, messages),
    last: end === head.count,
  };
  return { record, chunk };
}
