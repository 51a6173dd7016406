/**
 * How the document shows an event stream: its events, the schemas of their data, and examples as sent over
 * the wire.
 */
import { sseEvent, sseOpening } from '../messages/sse.ts';
import type { AnswerName } from './answers.ts';
import { CURSOR_EXAMPLE } from './example-values.ts';
import { answerRef, type Json } from './json-schema.ts';

export interface StreamEvent {
  /** `message` for the event without a name. */
  readonly event: string;
  readonly schema: Extract<AnswerName, `${'Stream' | 'LiveList'}${string}`>;
  readonly description: string;
  /** Matches the schema: test/site checks that. */
  readonly data: object;
}

export interface DescribedStream {
  readonly events: readonly StreamEvent[];
  /** Whether events have ids, all but `problem`. */
  readonly hasIds: boolean;
  /** The events that an example of a whole stream begins with. */
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
      // A problem says when to retry.
      ...(name === 'problem' ? { retryMs: 7_950 } : hasIds && { id: CURSOR_EXAMPLE }),
      ...(name !== 'message' && { event: name }),
      data: JSON.stringify(data),
    }),
  );

/** The table for the description. */
export const eventsTable = ({ events }: DescribedStream): string => `| event | data | |
|---|---|---|
${events
  .map(({ event: name, schema, description }) => `| \`${name}\` | \`${schema}\` | ${description} |`)
  .join('\n')}`;

/** The media type. OpenAPI 3.1 cannot describe the items of a stream, so `x-events` does, for programs. */
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
