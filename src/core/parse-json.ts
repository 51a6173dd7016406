/** Parses JSON. Returns undefined if the text is not JSON. No valid JSON parses to undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
