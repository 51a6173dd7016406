/**
 * The possible faults in the text of an exported history, as sentences. The answer to an import shows them
 * after the line number.
 */
export const CUT_OFF = 'The JSON that begins here is cut off: it has no end.';
export const NOT_JSON =
  'This is not JSON: a history is a message a line, or {"messages": […]} documents, in UTF-8.';
export const UTF16 = 'This is not UTF-8 but most likely UTF-16: save the file as UTF-8.';
export const OPEN_STRING =
  'A text has no closing quotation mark on its line (a line break inside of one is written \\n).';
export const tooLarge = (bytesMax: number): string =>
  `What begins here has no end within ${bytesMax / 1024 / 1024} MiB.`;
export const PYTHON =
  'This is not JSON: it has single quotes, as when Python prints a dictionary. Export with json.dumps(response, default=str).';
export const DOCUMENT_CUT_OFF = 'The document is cut off here: its array of messages has no end.';
