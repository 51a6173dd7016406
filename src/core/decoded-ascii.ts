/**
 * Percent-decoding for checks that look for credentials in URLs and logs. Encoding does not protect a
 * credential, because anyone who reads the text can decode it. Credentials are ASCII, so only ASCII is
 * decoded.
 */

/**
 * Decodes percent-encoded ASCII, even if it was encoded several times. `layersMax` limits the repetitions,
 * because deeply nested escapes would take quadratic time.
 */
export function decodedAscii(text: string, layersMax: number): string {
  if (!text.includes('%')) return text;
  let decoded = text;
  for (let layer = 0; layer < layersMax; layer++) {
    const before = decoded;
    decoded = before.replaceAll(/%[0-7][0-9a-f]/gi, (escape) =>
      String.fromCharCode(Number.parseInt(escape.slice(1), 16)),
    );
    if (decoded === before) break;
  }
  return decoded;
}
