/**
 * Base62 encoding, digits first. A double click selects the whole text, and the text needs no quoting in URLs
 * and shells. No I/O; randomness is a parameter.
 */

/** Returns `length` random bytes. In production: `(n) => crypto.getRandomValues(new Uint8Array(n))`. */
export type RandomBytes = (length: number) => Uint8Array;

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 4 × 62. Random bytes of this value and above are discarded, so that all characters are equally likely. */
const FAIR_BYTES_END = 248;

/** `number` in base62, padded with zeros to `digits`. */
export function base62OfNumber(number: number, digits: number): string {
  let text = '';
  for (let rest = number; text.length < digits; rest = Math.floor(rest / 62)) {
    text = ALPHABET.charAt(rest % 62) + text;
  }
  return text;
}

/** Random characters, with 5.95 bits of randomness each. */
export function randomBase62(random: RandomBytes, length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of random(length)) {
      if (byte < FAIR_BYTES_END && text.length < length) text += ALPHABET.charAt(byte % 62);
    }
  }
  return text;
}
