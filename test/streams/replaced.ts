/** Replaces the only occurrence of `from` in a text. Throws if it is missing or occurs twice. */
export function replaced(text: string, from: string, to: string): string {
  if (text.split(from).length !== 2) throw new Error(`'${from}' must occur exactly once`);
  return text.replace(from, () => to);
}
