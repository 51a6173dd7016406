/** Splits a comma-separated list from a header, setting or option. Trims the entries and drops empty ones. */
export const commaSeparated = (text: string): readonly string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
