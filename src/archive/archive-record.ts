/**
 * A record is one stored part of an archived history: up to 250 messages, or fewer if they are large. Records
 * are parsed and verified when they are read. A damaged record, or one of a newer version, counts as missing.
 *
 * A record is JSON. Its last member, `sum`, is a checksum of the rest, which also detects damage inside a
 * payload. It is not a signature: anyone who can write to the store can write valid records.
 */
import { createHash } from 'node:crypto';

import * as z from 'zod/mini';

import type { Chunk } from '../messages/history.ts';
import { FINGERPRINT, fingerprintAtStart, fingerprintsAlong } from '../messages/fingerprint.ts';
import { messageSchema, messagesBytes, type Message } from '../messages/message.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import { parseJson } from '../core/parse-json.ts';
import { ARCHIVE_VERSION, type ArchiveHead } from './archive-head.ts';

/**
 * Messages per archive page. The page number follows from the position (position / 250), so no index of pages
 * is needed.
 */
export const ARCHIVE_PAGE_MESSAGES = 250;
/**
 * A message that would make a part larger than this starts a new part. Equals the largest page of the API. KV
 * accepts 25 MiB.
 */
export const PART_BYTES_MAX = 4 * 1024 * 1024;

const recordSchema = z.object({
  v: z.literal(ARCHIVE_VERSION),
  source: z.string(),
  executionId: z.string(),
  generation: z.string(),
  start: z.number().check(z.int(), z.nonnegative()),
  fingerprint: z.string().check(z.regex(FINGERPRINT)),
  /** Only in a page's first part: the positions at which its other parts start. */
  parts: z.optional(z.array(z.number())),
  messages: z.array(messageSchema),
  /** The state of the derivation at `start` (messages/derive.ts). */
  walk: z.optional(z.string()),
  /** Only in page 0: the source's description of the execution after it had settled. */
  description: z.optional(z.looseObject({})),
});

export type ArchiveRecord = z.infer<typeof recordSchema>;

const SUM = /,"sum":"[0-9a-f]{16}"\}$/;
const SUM_CHARACTERS = ',"sum":"0123456789abcdef"}'.length;

const withSum = (json: string): string => {
  const sum = createHash('sha256').update(json).digest('hex').slice(0, 16);
  return `${json.slice(0, -1)},"sum":"${sum}"}`;
};

export const encodeRecord = (record: ArchiveRecord): string => withSum(JSON.stringify(record));

export interface ExpectedRecord {
  readonly head: Pick<ArchiveHead, 'generation' | 'count'>;
  readonly start: number;
  /** Absent if the caller does not know the id, because the key contains a hash of it. */
  readonly ref?: ExecutionRef;
}

/** Returns the record and its chunk, or undefined if the record is damaged or not the expected one. */
export function decodeRecord(
  text: string,
  { head, start, ref }: ExpectedRecord,
): { record: ArchiveRecord; chunk: Chunk } | undefined {
  const parsed = z.safeParse(recordSchema, undamagedJson(text));
  if (!parsed.success) return undefined;
  const record = parsed.data;
  // Safety: zod's optional members allow an explicit undefined, which JSON cannot contain.
  const messages = record.messages as Message[];
  const { source, executionId } = record;
  if (ref && (ref.source !== source || ref.executionId !== executionId)) return undefined;
  if (record.generation !== head.generation || record.start !== start) return undefined;
  if (start === 0 && record.fingerprint !== fingerprintAtStart(record)) return undefined;
  const end = record.start + messages.length;
  if (messages.length === 0 || end > head.count) return undefined;
  const chunk: Chunk = {
    start: record.start,
    messages,
    fingerprints: fingerprintsAlong(record.fingerprint, messages),
    bytes: messagesBytes(messages),
    last: end === head.count,
  };
  return { record, chunk };
}

/** Verifies the checksum and parses the JSON. Undefined if a byte has changed. */
function undamagedJson(text: string): unknown {
  if (!SUM.test(text.slice(-SUM_CHARACTERS))) return undefined;
  const json = `${text.slice(0, -SUM_CHARACTERS)}}`;
  return withSum(json) === text ? parseJson(json) : undefined;
}
