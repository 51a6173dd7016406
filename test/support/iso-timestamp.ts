/** Checks whether a text has exactly the timestamp format of the API. */
const ISO = /^(?!0000)(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\.\d{3}(?:\d{0,5}[1-9])?Z$/;

/** The round trip finds impossible dates: `Date.parse` reads February 30 as March 2. */
export function isIsoTimestamp(text: string): boolean {
  const [, second] = ISO.exec(text) ?? [];
  if (second === undefined) return false;
  const ms = Date.parse(`${second}Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(second);
}
