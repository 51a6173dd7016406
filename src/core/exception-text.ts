/**
 * What a log line contains of an exception that is a bug: its name and where it was thrown. Never its
 * message, which may quote a caller's input: a URL with a ticket, a header with a key, a payload (invariant
 * 7).
 *
 * Errors that a platform reports (a store, a network, an unreachable object) are not bugs. Their messages
 * contain nothing from a caller but ids, so they are logged where the errors are caught. Code that may also
 * catch bugs uses `faultText`.
 */

/**
 * `TypeError`, and its stack's frames, one a line. A thrown value that is not an Error is named by its type.
 */
export function exceptionText(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${typeof error}`;
  // The stack repeats the message, which may have lines that look like frames.
  const stack = (error.stack ?? '').replace(error.message, '');
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames].join('\n');
}

/** Errors of the language. Stores, networks and objects out of reach report theirs under other names. */
const BUGS: ReadonlySet<string> = new Set([
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
]);

/**
 * The text of an error that may be a platform's or a bug: the message of a platform's error, but
 * `exceptionText` of a bug.
 */
export const faultText = (error: unknown): string =>
  error instanceof Error && !BUGS.has(error.name) ? String(error) : exceptionText(error);
