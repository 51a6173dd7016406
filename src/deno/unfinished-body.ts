/**
 * Closes the connection of a request that is answered before all of its body has arrived, because of a wrong
 * key for example. Deno.serve keeps such a connection open until the client has sent the rest, which may be
 * never. But it closes a connection when the body of an answer fails. So the answer is sent with its length,
 * and fails after its last byte. Platform file.
 *
 * Deno 2.9 cannot do the same for a body that is too slow: the read that still waits for it keeps the
 * connection open. Nor has Deno.serve a setting for unfinished headers and idle connections.
 * docs/operations.md has the remedy, a reverse proxy.
 */
import type { Clock } from '../core/clock.ts';

/**
 * How long a client may take to receive the answer and to close the connection itself. Closing with unread
 * data resets a connection, which can destroy an answer on its way (RFC 9112, 9.6).
 */
const LINGER_MS = 500;

/** Ends the body of an answer to close its connection. Deno passes it to `onError`, which must ignore it. */
export class ConnectionClosed extends Error {}

export interface WatchedBody {
  /** The same bytes. */
  readonly stream: ReadableStream<Uint8Array>;
  /** All of it has arrived. */
  isComplete(): boolean;
}

export function watchBody(body: ReadableStream<Uint8Array>): WatchedBody {
  let isComplete = false;
  const watch = new TransformStream<Uint8Array, Uint8Array>(
    { flush: () => void (isComplete = true) },
    undefined,
    // Reads one chunk ahead, so that the end of a small body is noticed even if nobody reads it.
    { highWaterMark: 1 },
  );
  return { stream: body.pipeThrough(watch), isComplete: () => isComplete };
}

/**
 * The answer, after which the connection is closed. Streams of events stay as they are: their connection
 * closes with them.
 */
export async function closingAfter(answer: Response, clock: Clock): Promise<Response> {
  const { body, headers } = answer;
  if (body === null || headers.get('Content-Type')?.startsWith('text/event-stream')) return answer;
  const bytes = new Uint8Array(await answer.arrayBuffer());
  let isSent = bytes.byteLength === 0;
  const closing = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (isSent) {
        await clock.sleep(LINGER_MS);
        controller.error(new ConnectionClosed());
        return;
      }
      isSent = true;
      controller.enqueue(bytes);
    },
  });
  const closed = new Response(closing, answer);
  closed.headers.set('Content-Length', String(bytes.byteLength));
  closed.headers.set('Connection', 'close');
  return closed;
}
