/**
 * Makes text from other sources safe for a terminal: one line, no control characters, no wider than the
 * terminal. Payloads are customers' data: an escape sequence in one must not move the reader's cursor, and a
 * bidirectional override must not change what the reader sees.
 */

/**
 * Characters that a terminal acts upon or shows out of order: C0, C1, bidirectional controls, line and
 * paragraph separators.
 */
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Characters that take two columns on every terminal that can show them. */
const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * Longer texts are cut to this length before they are measured character by character. No terminal is this
 * wide.
 */
const LOOKED_AT_CHARACTERS = 2_000;

export const oneLine = (text: string): string =>
  text
    .trim()
    .replaceAll(/\s*[\r\n]+\s*/g, ' ⏎ ')
    .replaceAll(/\t+/g, ' ')
    .replaceAll(CONTROLS, '·');

/**
 * A value as JSON on one line, with all control characters escaped. JSON.stringify escapes only C0 controls.
 * Other control characters occur only inside strings, where JSON allows escapes.
 */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    CONTROLS,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const ASCII = /^[\u0020-\u007e]*$/;

/** The number of columns that the text takes. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** The text, or as much of it as fits before an ellipsis. Empty if `columns` is less than 1. */
export function crop(text: string, columns: number): string {
  if (columns < 1) return '';
  const looked = text.slice(0, LOOKED_AT_CHARACTERS);
  if (looked.length === text.length && widthOf(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes.segment(looked)) {
    width += WIDE.test(segment) ? 2 : 1;
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Crops or pads the text to exactly this many columns. */
export function column(text: string, columns: number): string {
  const cropped = crop(text, columns);
  return cropped + ' '.repeat(Math.max(0, columns - widthOf(cropped)));
}

/** Quotes the text so that a shell reads it as one word. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
