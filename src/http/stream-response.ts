/**
 * Responses for event streams: the headers of an open stream, and the answer to a refused one. Any status
 * except 200 stops an EventSource for good. So a transient failure is answered with status 200 and a
 * `problem` event with a `retry:`, and the stream is closed. Other failures are answered as ordinary
 * problems.
 */
import { type Failure, type Result, fail, internalText, ok } from '../core/errors.ts';
import { sseEvent } from '../messages/sse.ts';
import { acceptsEventStream } from './accept.ts';
import { isTransient, problemOf } from './problem-response.ts';
import type { RequestFacts } from './request-facts.ts';
import { VARY, withHeaders } from './response-headers.ts';
import type { Answered } from './routing.ts';

const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // no-transform forbids proxies to compress the stream, which would delay events.
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
} as const;

/** Passes the body on unwrapped, so that the stream's source notices when the client disconnects. */
export const streamResponse = (body: ReadableStream<Uint8Array>): Response =>
  new Response(body, { headers: STREAM_HEADERS });

/**
 * Whether to answer with an event stream. HEAD always describes the page, because a stream's headers alone
 * are useless.
 */
export const wantsStream = ({ method, headers }: Request): boolean =>
  method === 'GET' && acceptsEventStream(headers.get('Accept'));

/**
 * Completes an answer with the `Vary` header. If the caller wanted a stream, converts a transient failure to
 * a stream with a `problem` event.
 */
export function answerToReader(
  answered: Answered,
  isStream: boolean,
  facts: RequestFacts,
  publicUrl?: string,
): Answered {
  const answer = answered.ok || !isStream ? answered : refusedStream(answered.failure, facts, publicUrl);
  return answer.ok ? ok(withHeaders(answer.value, { Vary: VARY })) : answer;
}

function refusedStream(failure: Failure, facts: RequestFacts, publicUrl?: string): Result<Response> {
  const problem = problemOf(failure, facts.requestId, publicUrl);
  if (!isTransient(failure)) return fail(failure);
  facts.failure = failure.type;
  const reason = internalText(failure);
  if (reason !== undefined) facts.reason = reason;
  // Add up to half at random, so that clients refused at the same time do not all retry at the same time.
  const retryMs = Math.round((problem.retryAfterSeconds ?? 1) * 1000 * (1 + Math.random() / 2));
  const frame = new Uint8Array(sseEvent({ event: 'problem', data: JSON.stringify(problem), retryMs }));
  return ok(new Response(frame, { headers: STREAM_HEADERS }));
}
