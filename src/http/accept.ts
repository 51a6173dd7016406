/**
 * Whether a caller prefers an event stream or HTML to JSON. Follows RFC 9110, 12.5.1, with one exception:
 * wildcards do not ask for a stream or HTML. A client that accepts anything gets JSON, because a stream would
 * never end for it.
 */

const JSON_TYPE = 'application/json';

/** RFC 9110, 5.6.1 and 5.6.4: elements end at a comma outside of quoted strings. */
const ELEMENTS = /(?:[^,"]|"(?:\\.|[^"\\])*"?)+/g;
/** RFC 9110, 12.4.2, without the space before `q=`. */
const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/** Whether the caller prefers an event stream, as `EventSource` does. */
export const acceptsEventStream = (accept: string | null): boolean => prefers(accept, 'text/event-stream');

/** Whether the caller prefers HTML, as browsers do. */
export const acceptsHtml = (accept: string | null): boolean => prefers(accept, 'text/html');

/**
 * True if `wanted` is named, unless `application/json` is named with the same or a higher weight. Wildcards
 * are ignored.
 */
function prefers(accept: string | null, wanted: string): boolean {
  const weights = new Map<string, number>();
  for (const element of accept?.match(ELEMENTS) ?? []) {
    const [type = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase());
    weights.set(type, Math.max(weights.get(type) ?? 0, weightOf(parameters)));
  }
  const weight = weights.get(wanted) ?? 0;
  return weight > 0 && weight > (weights.get(JSON_TYPE) ?? 0);
}

/** 1 if the weight is missing or malformed. */
function weightOf(parameters: readonly string[]): number {
  const weight = parameters
    .map((parameter) => WEIGHT.exec(parameter)?.[1])
    .find((text) => text !== undefined);
  return weight === undefined ? 1 : Number(weight);
}
