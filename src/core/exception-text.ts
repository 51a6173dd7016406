/**
 * Log texts for exceptions. A bug is logged with its name and where it was thrown, but never with its
 * message. The message might quote a caller's input: a URL with a ticket, a header with a key, a payload
 * (invariant 7).
 *
 * Errors that a platform reports (a store, a network, an unreachable object) are not bugs. Their messages
 * contain nothing from a caller except ids, so the code that catches them logs them. Code that might also
 * catch bugs uses `faultText`.
 */

/**
 * The error's name, such as `TypeError`, and its stack frames, one per line. If the thrown value is not an
 * Error, the text names its type.
 */
export function exceptionText(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${typeof error}`;
  // The stack repeats the message, and a message can contain lines that look like frames.
  const stack = (error.stack ?? '').replace(error.message, '');
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames].join('\n');
}

/**
 * Error classes of the language itself. Stores, networks and unreachable objects report errors with other
 * names.
 */
const BUGS: ReadonlySet<string> = new Set([
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
]);

/**
 * The log text of an error that might come from the platform or be a bug. A platform's error is logged with
 * its message, a bug as `exceptionText`.
 */
export const faultText = (error: unknown): string =>
  error instanceof Error && !BUGS.has(error.name) ? String(error) : exceptionText(error);
