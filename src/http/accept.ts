/**
 * Decides whether a caller prefers an event stream, or HTML, over JSON. Follows RFC 9110, 12.5.1, except that
 * wildcards never select a stream or HTML. A client that accepts anything gets JSON, because it might wait
 * forever for the end of a stream.
 */

const JSON_TYPE = 'application/json';

/** RFC 9110, 5.6.1 and 5.6.4: commas separate elements, except within quoted strings. */
const ELEMENTS = /(?:[^,"]|"(?:\\.|[^"\\])*"?)+/g;
/** A weight as in RFC 9110, 12.4.2, after surrounding space has been trimmed. */
const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/** Whether the caller prefers an event stream. `EventSource` does. */
export const acceptsEventStream = (accept: string | null): boolean => prefers(accept, 'text/event-stream');

/** Whether the caller prefers HTML. Browsers do. */
export const acceptsHtml = (accept: string | null): boolean => prefers(accept, 'text/html');

/** True if `wanted` is named and has a higher weight than `application/json`. Wildcards are ignored. */
function prefers(accept: string | null, wanted: string): boolean {
  const weights = new Map<string, number>();
  for (const element of accept?.match(ELEMENTS) ?? []) {
    const [type = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase());
    weights.set(type, Math.max(weights.get(type) ?? 0, weightOf(parameters)));
  }
  const weight = weights.get(wanted) ?? 0;
  return weight > 0 && weight > (weights.get(JSON_TYPE) ?? 0);
}

/** Parses the weight. Returns 1 if it is missing or malformed. */
function weightOf(parameters: readonly string[]): number {
  const weight = parameters
    .map((parameter) => WEIGHT.exec(parameter)?.[1])
    .find((text) => text !== undefined);
  return weight === undefined ? 1 : Number(weight);
}
