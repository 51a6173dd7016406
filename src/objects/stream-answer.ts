/** How an object answers a request for a stream, which object-calls.ts reads. */
import type { Result } from '../core/errors.ts';

/**
 * What an object answers to a request for a stream: the stream, or the failure before its first byte as JSON
 * with status 500.
 */
export function streamAnswer(stream: Result<ReadableStream<Uint8Array> | undefined>): Response {
  if (!stream.ok) return Response.json(stream.failure, { status: 500 });
  return stream.value ? new Response(stream.value) : new Response(null, { status: 204 });
}
