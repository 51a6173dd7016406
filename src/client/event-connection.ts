/**
 * Opens one connection of an event stream, and yields its events until the server closes it. reconnecting.ts
 * reconnects. eventsource-parser, which is bundled into the build, parses events exactly as the specification
 * says (WHATWG HTML, "Server-sent events").
 */
import { createParser } from 'eventsource-parser';

import { type Http, type HttpRequest, watchSilence } from './http.ts';
import { FlowtapConnectionError } from './wire/problem.ts';

/**
 * The server sends a heartbeat after 15 s of silence. After three missing heartbeats, the connection counts
 * as dead.
 */
export const SILENCE_MS_MAX = 45_000;
/**
 * Bounds the memory that a broken server can use. Larger than any message, because the server accepts
 * upstream pages of at most 16 MiB.
 */
const BUFFER_CHARACTERS_MAX = 32 * 1024 * 1024;

export type StreamItem =
  | { readonly type: 'event'; readonly name: string; readonly id?: string; readonly data: string }
  | { readonly type: 'retry'; readonly ms: number };

/** Returned if the server answers 204: all events were already sent. */
export const NOTHING_MORE = 'nothing-more';

/**
 * Throws FlowtapProblem if the server refuses, FlowtapConnectionError if the connection breaks, and the
 * signal's reason if it aborts. Returns NOTHING_MORE if the server answers 204: no event can follow.
 */
export async function* readEvents(
  http: Http,
  request: HttpRequest,
  outer: AbortSignal | undefined,
): AsyncGenerator<StreamItem, typeof NOTHING_MORE | undefined, void> {
  const watch = watchSilence(http.clock, outer);
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    const headers = { ...request.headers, Accept: 'text/event-stream' };
    const response = await watch.during(SILENCE_MS_MAX, http.open({ ...request, headers }, watch.signal));
    if (response.status === 204) return NOTHING_MORE;
    if (!/^text\/event-stream\b/i.test(response.headers.get('Content-Type') ?? '') || !response.body) {
      throw new FlowtapConnectionError(
        'The answer is not an event stream. Is this the address of a Flowtap service?',
      );
    }
    reader = response.body.getReader();
    const decoder = new TextDecoder();
    const items: StreamItem[] = [];
    const parser = createParser({
      maxBufferSize: BUFFER_CHARACTERS_MAX,
      onEvent: ({ event = 'message', id, data }) =>
        items.push({ type: 'event', name: event, data, ...(id !== undefined && { id }) }),
      onRetry: (ms) => items.push({ type: 'retry', ms }),
    });
    for (;;) {
      const { done, value } = await watch.during(SILENCE_MS_MAX, reader.read());
      if (done) return undefined;
      parser.feed(decoder.decode(value, { stream: true }));
      yield* items.splice(0);
    }
  } catch (error) {
    throw http.failure(error, watch.signal);
  } finally {
    watch.close();
    // Closes the connection even if `fetch` ignores signals. `cancel` might reject with the error that was
    // already thrown.
    reader?.cancel().catch(() => {});
  }
}
