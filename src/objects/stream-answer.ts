/** Encodes an object's answer to a request for a stream. object-calls.ts decodes it. */
import type { Result } from '../core/errors.ts';

/** Returns the stream as a 200, nothing to send as a 204, and a failure as JSON with status 500. */
export function streamAnswer(stream: Result<ReadableStream<Uint8Array> | undefined>): Response {
  if (!stream.ok) return Response.json(stream.failure, { status: 500 });
  return stream.value ? new Response(stream.value) : new Response(null, { status: 204 });
}
