/** Reads a request's body up to a limit, so that no caller can fill the emulator's memory. */

/**
 * Returns the body as bytes. Undefined if it is longer than `bytesMax`. The rest of a longer body is still read
 * and dropped, because a caller that is disconnected while sending would not see the error.
 */
export async function readBody(
  request: Request,
  bytesMax: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (request.body !== null) {
    const reader = request.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.byteLength;
      if (length > bytesMax) chunks.length = 0;
      else chunks.push(value);
    }
  }
  if (length > bytesMax) return undefined;
  const body = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}
