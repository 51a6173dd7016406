/** Cuts bytes into chunks of the given sizes, to prove that a reader does not depend on chunk borders. */
export function* cutBytes(bytes: Uint8Array, sizes: Iterator<number>): Generator<Uint8Array, void> {
  for (let at = 0; at < bytes.length;) {
    const size: unknown = sizes.next().value;
    const end = at + (typeof size === 'number' ? size : bytes.length);
    // The chunk is a copy. It is overwritten when the reader requests the next one, so a reader that keeps a view of it
    // fails the test.
    const chunk = bytes.slice(at, end);
    yield chunk;
    chunk.fill(0x3f);
    at = end;
  }
}
