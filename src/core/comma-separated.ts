/**
 * A list in one text, as in headers, settings and options: its entries are separated by commas and trimmed;
 * empty ones do not count.
 */
export const commaSeparated = (text: string): readonly string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
