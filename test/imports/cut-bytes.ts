/** Cuts bytes into chunks of the given sizes, so that a reader is seen to care for none of its chunks' borders. */
export function* cutBytes(bytes: Uint8Array, sizes: Iterator<number>): Generator<Uint8Array, void> {
  for (let at = 0; at < bytes.length;) {
    const size: unknown = sizes.next().value;
    const end = at + (typeof size === 'number' ? size : bytes.length);
    // A copy of its own, that is spoilt as soon as the reader asks for more: nobody may keep a view of it.
    const chunk = bytes.slice(at, end);
    yield chunk;
    chunk.fill(0x3f);
    at = end;
  }
}
