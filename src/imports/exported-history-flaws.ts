/** Error texts for faults in an exported history. The answer to an import shows them after the line number. */
export const CUT_OFF = 'The JSON that begins here is cut off: it has no end.';
export const NOT_JSON =
  'This is not JSON. A history must be one message per line, or {"messages": […]} documents, in UTF-8.';
export const UTF16 = 'This is not UTF-8 but most likely UTF-16: save the file as UTF-8.';
export const OPEN_STRING =
  'A string has no closing quotation mark on its line. Write a line break in a string as \\n.';
export const tooLarge = (bytesMax: number): string =>
  `The value that begins here does not end within ${bytesMax / 1024 / 1024} MiB.`;
export const PYTHON =
  'This is not JSON: it has single quotes, as when Python prints a dictionary. Export with json.dumps(response, default=str).';
export const DOCUMENT_CUT_OFF = 'The document is cut off here: its array of messages has no end.';
