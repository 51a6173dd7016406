/**
 * Writes server-sent events: one event, a comment, or the `retry:` that a stream begins with, to the bytes of
 * a frame. Knows only the format: event-frames.ts and list-frames.ts define the events.
 *
 * Source: WHATWG HTML, "Server-sent events" (https://html.spec.whatwg.org/multipage/server-sent-events.html),
 * sections "Parsing an event stream" and "Interpreting an event stream"; the sentences marked [spec] are
 * theirs.
 */

export interface ServerSentEvent {
  readonly id?: string;
  /** Absent: `message`, the event that needs no listener of its own. */
  readonly event?: string;
  /** Clients receive each line end as LF. May be empty: the event is still dispatched. */
  readonly data: string;
  /** How long a client waits before it reconnects, from here on. */
  readonly retryMs?: number;
}

/** [spec] "Streams must be decoded using the UTF-8 decode algorithm." A lone surrogate becomes U+FFFD. */
const utf8 = new TextEncoder();

/** [spec] `end-of-line = ( cr lf / cr / lf )`. */
const LINE_END = /\r\n|\r|\n/;

/** The frame of one event as bytes. */
export const sseEvent = (event: ServerSentEvent): Uint8Array => sseBytes(sseText(event));

/** The bytes of frames: one encoding for several costs less than one for each. */
export const sseBytes = (text: string): Uint8Array => utf8.encode(text);

/**
 * The frame of one event, its blank line included.
 *
 * Throws a RangeError for an id, event name or reconnection time that no frame can carry: ours are made here,
 * so that is a programming error.
 */
export function sseText({ id, event, data, retryMs }: ServerSentEvent): string {
  const lines = [];
  if (retryMs !== undefined) lines.push(retryField(retryMs));
  // [spec] "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field
  // value. Otherwise, ignore the field." An empty one would be taken, and clear the position that a reconnect
  // resumes from.
  if (id !== undefined) lines.push(field('id', id));
  // [spec] "If the event type buffer has a value other than the empty string, change the type of the newly
  // created event": an empty name would have no effect.
  if (event !== undefined) lines.push(field('event', event));
  // [spec] "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character
  // to the data buffer": a line for each line. "If the data buffer is an empty string, set the data buffer
  // and the event type buffer to the empty string and return": after one data line, even an empty one, it
  // holds at least that LF. "If value starts with a U+0020 SPACE character, remove it from value": so one is
  // always written, for the client to remove; without it, a line's own leading space would be eaten.
  for (const line of data.split(LINE_END)) lines.push(`data: ${line}\n`);
  return `${lines.join('')}\n`;
}

/**
 * The bytes that a stream begins with: how long a client waits before it reconnects. It is one field and no
 * blank line, so the first event completes the block. [spec] allows a block without data and dispatches
 * nothing, but clients in the field (@microsoft/fetch-event-source, httpx-sse) dispatch it as an event with
 * empty data and an empty id.
 */
export const sseOpening = (retryMs: number): Uint8Array => utf8.encode(retryField(retryMs));

/** A comment without text. [spec] "If the line starts with a U+003A COLON character (:), ignore the line." */
export const sseComment = (): Uint8Array => utf8.encode(':\n');

/** Throws a RangeError unless `ms` is whole and ≥ 0. */
function retryField(ms: number): string {
  // [spec] "If the field value consists of only ASCII digits, then interpret the field value as an integer in
  // base ten, and set the event stream's reconnection time to that integer. Otherwise, ignore the field."
  if (!Number.isSafeInteger(ms) || ms < 0) {
    throw new RangeError(`Cannot write a retry field: 'ms' must be a whole number from 0 on, it is ${ms}`);
  }
  return `retry: ${ms}\n`;
}

function field(name: 'id' | 'event', value: string): string {
  if (value === '' || /[\r\n\0]/.test(value)) {
    throw new RangeError(
      `Cannot write the field '${name}': it must be neither empty nor contain CR, LF or NUL, it is ${JSON.stringify(value)}`,
    );
  }
  return `${name}: ${value}\n`;
}
