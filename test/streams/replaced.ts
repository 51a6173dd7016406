/** Replaces one place in the text of an example. Throws if the place is missing or occurs twice. */
export function replaced(text: string, from: string, to: string): string {
  if (text.split(from).length !== 2) throw new Error(`'${from}' must be there once`);
  return text.replace(from, () => to);
}
