/**
 * Which of the two forms of a history a caller prefers: a page of JSON or the event stream. RFC 9110, 12.5.1, with one rule of
 * ours: a stream never ends for a client that did not expect one, so only its name asks for it, never a wildcard.
 */

const PAGE = 'application/json';
const STREAM = 'text/event-stream';

/** RFC 9110, 5.6.1 and 5.6.4: elements end at a comma outside of quoted strings. */
const ELEMENTS = /(?:[^,"]|"(?:\\.|[^"\\])*"?)+/g;
/** RFC 9110, 12.4.2, without the space before `q=`. */
const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * The stream, if `text/event-stream` is named and `application/json` is not named with at least its weight. Wildcards count
 * for neither: they do not ask for a stream, and do not outweigh a named one.
 */
export function acceptsEventStream(accept: string | null): boolean {
  const weights = new Map<string, number>();
  for (const element of accept?.match(ELEMENTS) ?? []) {
    const [type = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase());
    weights.set(type, Math.max(weights.get(type) ?? 0, weightOf(parameters)));
  }
  const stream = weights.get(STREAM) ?? 0;
  return stream > 0 && stream > (weights.get(PAGE) ?? 0);
}

/** 1 if the weight is missing or malformed. */
function weightOf(parameters: readonly string[]): number {
  const weight = parameters
    .map((parameter) => WEIGHT.exec(parameter)?.[1])
    .find((text) => text !== undefined);
  return weight === undefined ? 1 : Number(weight);
}
