/**
 * Describes an event stream in the OpenAPI document: its events, the schemas of their data, and examples as sent over
 * the wire.
 */
import { sseEvent, sseOpening } from '../messages/sse.ts';
import type { AnswerName } from './answers.ts';
import { CURSOR_EXAMPLE } from './example-values.ts';
import { answerRef, type Json } from './json-schema.ts';

export interface StreamEvent {
  /** The event's name. `message` stands for the event without an `event:` line. */
  readonly event: string;
  readonly schema: Extract<AnswerName, `${'Stream' | 'LiveList'}${string}`>;
  readonly description: string;
  /** Example data. test/site checks that it matches `schema`. */
  readonly data: object;
}

export interface DescribedStream {
  readonly events: readonly StreamEvent[];
  /** True if all events except `problem` have ids. */
  readonly hasIds: boolean;
  /** The names of the events in the example of a stream's start. */
  readonly beginning: readonly string[];
}

export const event = (
  name: string,
  schema: StreamEvent['schema'],
  description: string,
  data: object,
): StreamEvent => ({ event: name, schema, description, data });

const decoder = new TextDecoder();

const frame = ({ event: name, data }: StreamEvent, hasIds: boolean): string =>
  decoder.decode(
    sseEvent({
      // A `problem` has a `retry:` line and no id.
      ...(name === 'problem' ? { retryMs: 7_950 } : hasIds && { id: CURSOR_EXAMPLE }),
      ...(name !== 'message' && { event: name }),
      data: JSON.stringify(data),
    }),
  );

/** The events as a Markdown table, for the description of an operation. */
export const eventsTable = ({ events }: DescribedStream): string => `| event | data | |
|---|---|---|
${events
  .map(({ event: name, schema, description }) => `| \`${name}\` | \`${schema}\` | ${description} |`)
  .join('\n')}`;

/**
 * The media type object of a stream. OpenAPI 3.1 cannot describe the events of a stream, so the extension `x-events`
 * describes them for programs.
 */
export function eventStreamContent({ events, hasIds, beginning }: DescribedStream): Json {
  const first = events.filter(({ event: name }) => beginning.includes(name));
  return {
    schema: {
      type: 'string',
      description:
        'Server-sent events (WHATWG HTML). The data of each event is JSON; `x-events` has the schema for each event name.',
    },
    'x-events': Object.fromEntries(
      events.map(({ event: name, schema, description }) => [
        name,
        { description, schema: answerRef(schema) },
      ]),
    ),
    examples: {
      stream: {
        summary: 'The start of a stream',
        value: `${decoder.decode(sseOpening(2_479))}${first.map((each) => frame(each, hasIds)).join('')}`,
      },
      ...Object.fromEntries(
        events.map((each) => [each.event, { summary: each.description, value: frame(each, hasIds) }]),
      ),
    },
  };
}
