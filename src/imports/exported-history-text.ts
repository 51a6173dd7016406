/** Collects the bytes of one value of an exported history across chunks, and decodes and parses them. */

/**
 * A growing buffer. Its capacity doubles, so that tiny chunks cost no more than large ones. Callers bound its
 * length.
 */
export class ByteBuffer {
  #bytes = new Uint8Array(16 * 1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.view());
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = length;
  }

  /** Returns the buffered bytes followed by `piece`, without keeping `piece`. Valid until the next call. */
  followedBy(piece: Uint8Array): Uint8Array {
    if (this.#length === 0) return piece;
    this.append(piece);
    const both = this.view();
    this.#length -= piece.length;
    return both;
  }

  /** Returns the buffered bytes. Valid until the next call. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }
}

// Keep byte order marks: inside a value they are characters that JSON.parse must see.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export type ParsedJson = { readonly value: unknown } | { readonly flaw: string };

/**
 * `before` and `after` complete a partial text. V8's error messages are not passed on, because they quote the
 * text and change between versions.
 */
export function parseJson(bytes: Uint8Array, before = '', after = ''): ParsedJson {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { flaw: 'The value that begins here is not UTF-8.' };
  }
  try {
    return { value: JSON.parse(`${before}${text}${after}`) };
  } catch {
    return { flaw: 'The value that begins here is not valid JSON.' };
  }
}
