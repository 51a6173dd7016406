/**
 * Answers that a fetch handler cannot express: a connection reset, and a truncated body. Both are Responses
 * whose body fails, which ends the connection on any runtime. For a reset, node-server.ts checks `isReset` and
 * resets the socket.
 */

const resets = new WeakSet<Response>();

export const isReset = (response: Response): boolean => resets.has(response);

export function resetAnswer(): Response {
  const response = new Response(
    new ReadableStream({
      start: (controller) => controller.error(new Error('The emulator resets the connection')),
    }),
  );
  resets.add(response);
  return response;
}

/** Declares the length of all `bytes` but sends only the first half. */
export function truncatedAnswer(bytes: Uint8Array, contentType: string): Response {
  let sent = false;
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        if (sent) controller.error(new Error('The emulator truncates the answer'));
        else controller.enqueue(bytes.subarray(0, Math.floor(bytes.byteLength / 2)));
        sent = true;
      },
    },
    // Enqueue nothing ahead of the reader, because an error would drop queued bytes.
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: { 'content-type': contentType, 'content-length': String(bytes.byteLength) },
  });
}
