/**
 * Encodes the Worker's request to an object for an event stream. The request is sent in a header, because a
 * body would be another stream, and cost more than opening the requested one. A header suffices: ids, types
 * and the step have bounded lengths. stream-answer.ts encodes the answer.
 */
const HEADER = 'flowtap-request';

/** `request` must be plain data. `signal` is aborted when the caller disconnects. */
export const streamRequest = (request: unknown, signal: AbortSignal | undefined): RequestInit => ({
  headers: { [HEADER]: JSON.stringify(request).replaceAll(/[\u007f-\uffff]/g, escaped) },
  ...(signal && { signal }),
});

/** Returns the `request` that was passed to `streamRequest`. */
export const readStreamRequest = (request: Request): unknown =>
  JSON.parse(request.headers.get(HEADER) ?? 'null');

/** Headers must be ASCII, so other characters are escaped as JSON allows. */
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
