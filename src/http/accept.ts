/**
 * Whether a caller prefers another form of an answer to JSON: the event stream of a history, or HTML. RFC 9110, 12.5.1, with one
 * rule of ours: a stream never ends for a client that did not expect one, so only its name asks for it, never a wildcard. The same
 * holds for HTML, so that a client that accepts anything gets JSON.
 */

const JSON_TYPE = 'application/json';

/** RFC 9110, 5.6.1 and 5.6.4: elements end at a comma outside of quoted strings. */
const ELEMENTS = /(?:[^,"]|"(?:\\.|[^"\\])*"?)+/g;
/** RFC 9110, 12.4.2, without the space before `q=`. */
const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/** As `EventSource` asks. */
export const acceptsEventStream = (accept: string | null): boolean => prefers(accept, 'text/event-stream');

/** As browsers ask for a page. */
export const acceptsHtml = (accept: string | null): boolean => prefers(accept, 'text/html');

/**
 * True if `wanted` is named and `application/json` is not named with at least its weight. Wildcards count for neither: they do
 * not ask for `wanted`, and do not outweigh it.
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
