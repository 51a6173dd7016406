/** Reads an answer's body up to a size limit, so that no upstream can fill the isolate's memory. */

/**
 * Returns the body as text. If it has more than `bytesMax` bytes, cancels the rest and returns undefined.
 * Counts bytes after decompression, because those take memory. Rejects if the connection breaks. If `signal`
 * aborts, cancels the body; the result is then meaningless, because the caller no longer waits for it.
 */
export async function readTextWithin(
  response: Response,
  bytesMax: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (response.body === null) return '';
  if (Number(response.headers.get('content-length')) > bytesMax || signal.aborted) {
    discardBody(response);
    return undefined;
  }
  const reader = response.body.getReader();
  const cancel = () => void reader.cancel().catch(ignore);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const decoder = new TextDecoder();
    let text = '';
    let bytes = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      bytes += value.byteLength;
      if (bytes > bytesMax) {
        cancel();
        return undefined;
      }
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** Cancels an unread body. Does not await the cancellation, which might wait for a stalled peer. */
export function discardBody(response: Response): void {
  void response.body?.cancel().catch(ignore);
}

/** A failure to cancel a discarded body does not matter. */
const ignore = () => undefined;
