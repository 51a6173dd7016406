/**
 * Encodes server-sent events as bytes: an event, a comment, or the `retry:` at the start of a stream. Knows
 * only the format: event-frames.ts and list-frames.ts define the events.
 *
 * Source: WHATWG HTML, "Server-sent events" (https://html.spec.whatwg.org/multipage/server-sent-events.html),
 * sections "Parsing an event stream" and "Interpreting an event stream". Sentences marked [spec] are quoted
 * from there.
 */

export interface ServerSentEvent {
  readonly id?: string;
  /** If absent, clients dispatch the event as `message`. */
  readonly event?: string;
  /** Clients receive each line end as LF. The event is dispatched even if `data` is empty. */
  readonly data: string;
  /** Sets how long the client waits before it reconnects. */
  readonly retryMs?: number;
}

/** [spec] "Streams must be decoded using the UTF-8 decode algorithm." A lone surrogate becomes U+FFFD. */
const utf8 = new TextEncoder();

/** [spec] `end-of-line = ( cr lf / cr / lf )`. */
const LINE_END = /\r\n|\r|\n/;

/** Returns the frame of one event as bytes. */
export const sseEvent = (event: ServerSentEvent): Uint8Array => sseBytes(sseText(event));

/** Encodes the text of one or more frames. Encoding several together is cheaper. */
export const sseBytes = (text: string): Uint8Array => utf8.encode(text);

/**
 * Returns the frame of one event as text, including the blank line at its end.
 *
 * Throws a RangeError if the id, event name or reconnection time cannot be encoded. All of them come from
 * this service, so that is a programming error.
 */
export function sseText({ id, event, data, retryMs }: ServerSentEvent): string {
  const lines = [];
  if (retryMs !== undefined) lines.push(retryField(retryMs));
  // [spec] "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field
  // value. Otherwise, ignore the field." An empty id would clear the position that a reconnect resumes from,
  // so `field` refuses it.
  if (id !== undefined) lines.push(field('id', id));
  // [spec] "If the event type buffer has a value other than the empty string, change the type of the newly
  // created event". An empty name would have no effect, so `field` refuses it.
  if (event !== undefined) lines.push(field('event', event));
  // [spec] "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character
  // to the data buffer". So each line of the data gets its own field. [spec] "If the data buffer is an empty
  // string, set the data buffer and the event type buffer to the empty string and return". One data field,
  // even an empty one, puts at least the LF into the buffer, so the event is dispatched. [spec] "If value
  // starts with a U+0020 SPACE character, remove it from value". So a space is always written for the client
  // to remove. Otherwise the client would remove a leading space of the data.
  for (const line of data.split(LINE_END)) lines.push(`data: ${line}\n`);
  return `${lines.join('')}\n`;
}

/**
 * Returns the bytes at the start of a stream. They set how long the client waits before it reconnects. No
 * blank line follows the field, so it becomes a part of the first event's block. By the specification, a
 * block of its own would dispatch nothing. But some clients (@microsoft/fetch-event-source, httpx-sse) would
 * dispatch an event with empty data and an empty id.
 */
export const sseOpening = (retryMs: number): Uint8Array => utf8.encode(retryField(retryMs));

/**
 * Returns a comment without text. [spec] "If the line starts with a U+003A COLON character (:), ignore the
 * line."
 */
export const sseComment = (): Uint8Array => utf8.encode(':\n');

/** Throws a RangeError if `ms` is negative or not a whole number. */
function retryField(ms: number): string {
  // [spec] "If the field value consists of only ASCII digits, then interpret the field value as an integer in
  // base ten, and set the event stream's reconnection time to that integer. Otherwise, ignore the field."
  if (!Number.isSafeInteger(ms) || ms < 0) {
    throw new RangeError(`Cannot write a retry field: 'ms' must be a whole number from 0: it is ${ms}`);
  }
  return `retry: ${ms}\n`;
}

function field(name: 'id' | 'event', value: string): string {
  if (value === '' || /[\r\n\0]/.test(value)) {
    throw new RangeError(
      `Cannot write the field '${name}': it must not be empty or contain CR, LF or NUL: it is ${JSON.stringify(value)}`,
    );
  }
  return `${name}: ${value}\n`;
}
