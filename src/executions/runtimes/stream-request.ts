/**
 * How the Worker requests the stream of an execution from its object. The request is in a header: a body
 * would be another stream, which costs more than opening the one that is requested. It is short: ids, types
 * and a step, of bounded length. How the object answers is in stream-answer.ts.
 */
const HEADER = 'flowtap-request';

/** `request`: plain data. `signal`: the caller has disconnected. */
export const streamRequest = (request: unknown, signal: AbortSignal | undefined): RequestInit => ({
  headers: { [HEADER]: JSON.stringify(request).replaceAll(/[\u007f-\uffff]/g, escaped) },
  ...(signal && { signal }),
});

/** What `streamRequest` was given. */
export const readStreamRequest = (request: Request): unknown =>
  JSON.parse(request.headers.get(HEADER) ?? 'null');

/** Headers are ASCII. */
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
