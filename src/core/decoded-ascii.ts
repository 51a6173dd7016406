/**
 * Percent-decoding for checks: a credential consists of ASCII, and a reader of a URL or a log could decode
 * it, too.
 */

/**
 * Decodes escapes of ASCII, layer by layer. `layersMax` keeps a long text of nested escapes from taking
 * quadratic time.
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
