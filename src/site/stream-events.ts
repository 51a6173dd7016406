/** The events of a stream: a description, the schema of the data, and an example as sent over the wire. */
import { sseEvent, sseOpening } from '../messages/sse.ts';
import { messageExample } from './answer-examples.ts';
import type { AnswerName } from './answers.ts';
import { CURSOR_EXAMPLE } from './example-values.ts';
import { answerRef, type Json } from './json-schema.ts';
import { problemExample } from './problem-examples.ts';

interface StreamEvent {
  /** `message` for the event without a name. */
  readonly event: string;
  readonly schema: Extract<AnswerName, `Stream${string}`>;
  readonly description: string;
  /** Matches the schema: test/site checks that. */
  readonly data: object;
}

const event = (
  name: string,
  schema: StreamEvent['schema'],
  description: string,
  data: object,
): StreamEvent => ({ event: name, schema, description, data });

const streamEvents: readonly StreamEvent[] = [
  event('message', 'StreamMessage', 'A message. It has no `event:` line.', messageExample),
  event('caught-up', 'StreamCaughtUp', 'Every message that existed when you connected has been sent.', {
    status: 'RUNNING',
  }),
  event(
    'heartbeat',
    'StreamHeartbeat',
    'Sent after 15 s without another event: the state of the upstream service.',
    {
      timestamp: '2019-05-30T20:19:16.102Z',
      pollIntervalMs: 8_000,
      upstream: 'ok',
    },
  ),
  event(
    'reset',
    'StreamReset',
    'The history has changed since your cursor. Discard what you have: it is sent again from its start.',
    {},
  ),
  event(
    'end',
    'StreamEnd',
    'The execution has settled and every message was sent; the server closes. Reconnecting with this id is a 204.',
    {
      status: 'SUCCEEDED',
    },
  ),
  event(
    'problem',
    'StreamProblem',
    'The reason why the server closes early. It has no id, so the last event id stays valid.',
    problemExample('RateLimitExceeded'),
  ),
];

const decoder = new TextDecoder();

const frame = ({ event: name, data }: StreamEvent): string =>
  decoder.decode(
    sseEvent({
      // A problem says when to retry.
      ...(name === 'problem' ? { retryMs: 7_950 } : { id: CURSOR_EXAMPLE }),
      ...(name !== 'message' && { event: name }),
      data: JSON.stringify(data),
    }),
  );

/** The table for the description. */
export const streamEventsTable = `| event | data | |
|---|---|---|
${streamEvents
  .map(({ event: name, schema, description }) => `| \`${name}\` | \`${schema}\` | ${description} |`)
  .join('\n')}`;

const isOf = (...names: readonly string[]): StreamEvent[] =>
  streamEvents.filter(({ event: name }) => names.includes(name));

/** The media type. OpenAPI 3.1 cannot describe the items of a stream, so `x-events` does, for programs. */
export const eventStreamContent: Json = {
  schema: {
    type: 'string',
    description:
      'Server-sent events (WHATWG HTML). The data of each event is JSON; `x-events` has the schema for each event name.',
  },
  'x-events': Object.fromEntries(
    streamEvents.map(({ event: name, schema, description }) => [
      name,
      { description, schema: answerRef(schema) },
    ]),
  ),
  examples: {
    stream: {
      summary: 'The start of a stream',
      value: `${decoder.decode(sseOpening(2_479))}${isOf('message', 'caught-up').map(frame).join('')}`,
    },
    ...Object.fromEntries(
      streamEvents.map((each) => [each.event, { summary: each.description, value: frame(each) }]),
    ),
  },
};
