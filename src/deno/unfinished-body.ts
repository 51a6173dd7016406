/**
 * Closes the connection of a request that is answered before all of its body has arrived, for example because
 * of a wrong key. Deno.serve would keep the connection open until the client has sent the rest, which might
 * never happen. But Deno.serve closes a connection when the body of an answer fails. So the answer is sent
 * with its length, and its body fails after the last byte.
 *
 * Deno 2.9 cannot do the same for a body that arrives too slowly, because a pending read keeps the connection
 * open. Deno.serve also has no setting for unfinished headers and idle connections. docs/operations.md has
 * the remedy, a reverse proxy.
 */
import type { Clock } from '../core/clock.ts';

/**
 * How long a client has to receive the answer and to close the connection itself. Closing a connection with
 * unread data resets it, which can destroy an answer that is still on its way (RFC 9112, 9.6).
 */
const LINGER_MS = 500;

/**
 * The error that ends an answer's body to close its connection. Deno passes it to `onError`, which must
 * ignore it.
 */
export class ConnectionClosed extends Error {}

export interface WatchedBody {
  /** The bytes of the original body. */
  readonly stream: ReadableStream<Uint8Array>;
  /** True once the whole body has arrived. */
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
 * Returns the answer in a form that closes its connection afterwards. Event streams are returned unchanged,
 * because their connection closes when they end.
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
