/**
 * Reads an exported history as a stream in bounded memory: takes bytes and yields messages, in order. An
 * export has one of two forms, which are recognised by the text and not by the content type:
 *
 * - messages, either one per line (NDJSON) or spread over several lines, as `jq '.messages[]'` prints them;
 * - one or several documents `{"messages": […]}`, on one line or more, as our pages, boto3 and the AWS CLI
 *   print them. Other members of a document (`nextToken`, `cursor`, `ResponseMetadata`) are skipped.
 *
 * The messages or documents can be in an array (`aws … --query messages`, a Python list of pages).
 *
 * exported-history-timestamp.ts lists the accepted forms of timestamps. A null member counts as absent. An
 * unknown member is refused, because dropping it would lose data silently.
 *
 * The scanner finds the values in the bytes. This file checks that they are messages, and counts them. The
 * caller stores the messages, and discards all of them if the history has a fault.
 */
import * as z from 'zod/mini';
import { fail, ok, type Failure, type FieldError, type Result } from '../core/errors.ts';
import { isoFromExport } from './exported-history-timestamp.ts';
import { HistoryScanner, type Found } from './exported-history-scanner.ts';
import type { Message } from '../messages/message.ts';

/** Reading stops after this many faults. They are enough to see what the faults have in common. */
export const NAMED_FAULTS_MAX = 10;

/**
 * Maximum number of bytes that are scanned at a time, so that the messages of a large chunk are not all in
 * memory together.
 */
const SCANNED_BYTES_MAX = 64 * 1024;

/** Maximum length of a wrong name or timestamp that an error text quotes. */
const SHOWN_CHARACTERS_MAX = 40;

const TIMESTAMP_FORMS = "epoch seconds, ISO 8601 or Python's str(datetime)";

export type ExportedHistoryFailure = Extract<Failure, { type: 'invalid-input' | 'body-too-large' }>;

const isTextOrNumber = (value: unknown): boolean => typeof value === 'string' || Number.isFinite(value);

const exportedSchema = z.strictObject({
  messageId: z.nullish(z.string()),
  eventType: z.nullish(z.string()),
  timestamp: z.nullish(z.custom<string | number>(isTextOrNumber)),
  payload: z.nullish(z.string()),
  upstreamType: z.nullish(z.string()),
  step: z.nullish(z.string()),
  error: z.nullish(z.string()),
  previousMessageId: z.nullish(z.string()),
  iteration: z.nullish(z.int()),
});

export interface ExportedMessage {
  readonly message: Message;
  /** The line of the body on which the message begins, from 1. */
  readonly line: number;
}

/**
 * Yields the messages of a history, and returns their number or a failure. The failure is `body-too-large` if
 * the history has more than `maxBytes`, or `invalid-input` with the first faults and their lines. After a fault
 * it yields no more messages. Never throws because of the body, even if the body breaks off. Ending the
 * iteration early cancels the body.
 */
export async function* readExportedHistory(
  body: AsyncIterable<Uint8Array>,
  { maxBytes }: { readonly maxBytes: number },
): AsyncGenerator<ExportedMessage, Result<{ readonly count: number }, ExportedHistoryFailure>, void> {
  const errors: FieldError[] = [];
  let count = 0;
  for await (const found of scan(body, maxBytes)) {
    if (found === 'too-large') return fail({ type: 'body-too-large', maxBytes });
    const checked = 'flaw' in found ? { flaws: [found.flaw] } : messageOf(found.value);
    if ('flaws' in checked) {
      for (const detail of checked.flaws) errors.push({ in: 'body', name: `line ${found.line}`, detail });
      if (errors.length >= NAMED_FAULTS_MAX) break;
    } else if (errors.length === 0) {
      count++;
      yield { message: checked.message, line: found.line };
    }
  }
  if (errors.length === 0) return ok({ count });
  return fail({ type: 'invalid-input', errors: errors.slice(0, NAMED_FAULTS_MAX) });
}

async function* scan(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Found | 'too-large', void, void> {
  const scanner = new HistoryScanner();
  let bytes = 0;
  for await (const chunk of untilBroken(body)) {
    if (chunk === 'broken') {
      yield { line: scanner.line, flaw: 'The body broke off here.' };
      return;
    }
    bytes += chunk.length;
    if (bytes > maxBytes) {
      yield 'too-large';
      return;
    }
    for (let at = 0; at < chunk.length; at += SCANNED_BYTES_MAX) {
      yield* scanner.push(chunk.subarray(at, at + SCANNED_BYTES_MAX));
    }
    if (scanner.halted) return;
  }
  yield* scanner.end();
}

/**
 * Yields the body's chunks, and `broken` if the body breaks off. The sender or the connection has then failed,
 * so this is a fault of the input and not an exception.
 */
async function* untilBroken(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array | 'broken', void, void> {
  try {
    for await (const chunk of body) yield chunk;
  } catch {
    yield 'broken';
  }
}

/** Returns the message with its members in the order of our pages, or a sentence about each wrong member. */
function messageOf(value: unknown): { readonly message: Message } | { readonly flaws: readonly string[] } {
  const parsed = exportedSchema.safeParse(value, { reportInput: true });
  if (!parsed.success) return { flaws: parsed.error.issues.map(flawOf) };

  const messageId = parsed.data.messageId ?? undefined;
  const eventType = parsed.data.eventType ?? undefined;
  const payload = parsed.data.payload ?? undefined;
  const { upstreamType, step, error, previousMessageId, iteration } = parsed.data;
  const exported = parsed.data.timestamp ?? undefined;
  const timestamp = exported === undefined ? undefined : isoFromExport(exported);
  if (exported !== undefined && timestamp === undefined) {
    return { flaws: [`'timestamp' must be ${TIMESTAMP_FORMS}: it is ${shown(exported)}.`] };
  }
  return {
    message: {
      ...(messageId !== undefined && { messageId }),
      ...(eventType !== undefined && { eventType }),
      ...(timestamp !== undefined && { timestamp }),
      ...(payload !== undefined && { payload }),
      ...(upstreamType != null && { upstreamType }),
      ...(step != null && { step }),
      ...(error != null && { error }),
      ...(previousMessageId != null && { previousMessageId }),
      ...(iteration != null && { iteration }),
    },
  };
}

function flawOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') {
    const [name] = issue.path;
    const form = name === 'timestamp' ? TIMESTAMP_FORMS : name === 'iteration' ? 'a whole number' : 'text';
    return `'${String(name)}' must be ${form}: it is ${kindOf(issue.input)}.`;
  }
  if (issue.keys.includes('messages')) return "'messages' must be an array of messages.";
  return `Unknown member ${shown(issue.keys[0])}.`;
}

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;

/** Quotes a value in a sentence. Never used for payloads, which may be customers' data. */
const shown = (value: unknown): string => JSON.stringify(value).slice(0, SHOWN_CHARACTERS_MAX);
