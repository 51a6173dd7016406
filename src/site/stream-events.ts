/** The events of a stream: what each says, the schema of its data, and an example as it goes over the wire. */
import { sseEvent, sseOpening } from '../messages/sse.ts';
import { messageExample } from './answer-examples.ts';
import type { AnswerName } from './answers.ts';
import { CURSOR_EXAMPLE } from './example-values.ts';
import { answerRef, type Json } from './json-schema.ts';
import { problemExample } from './problem-examples.ts';

interface StreamEvent {
  /** `message`: the event without a name. */
  readonly event: string;
  readonly schema: Extract<AnswerName, `Stream${string}`>;
  readonly description: string;
  /** By the schema: test/site holds it to that. */
  readonly data: object;
}

const event = (
  name: string,
  schema: StreamEvent['schema'],
  description: string,
  data: object,
): StreamEvent => ({ event: name, schema, description, data });

const streamEvents: readonly StreamEvent[] = [
  event('message', 'StreamMessage', 'A message. Has no `event:` line.', messageExample),
  event('caught-up', 'StreamCaughtUp', 'All that existed at connect has been sent.', { status: 'RUNNING' }),
  event('heartbeat', 'StreamHeartbeat', 'After 15 s in which nothing was sent: how the upstream is doing.', {
    timestamp: '2019-05-30T20:19:16.102Z',
    pollIntervalMs: 8_000,
    upstream: 'ok',
  }),
  event(
    'reset',
    'StreamReset',
    'The history is not the one that the cursor came from: forget what you have, it is sent again from its start.',
    {},
  ),
  event('end', 'StreamEnd', 'Settled and all sent; the server closes. A reconnect with this id is a 204.', {
    status: 'SUCCEEDED',
  }),
  event(
    'problem',
    'StreamProblem',
    'Why the server closes early. The only event without an id: the one before it stays good.',
    problemExample('RateLimitExceeded'),
  ),
];

const decoder = new TextDecoder();

const frame = ({ event: name, data }: StreamEvent): string =>
  decoder.decode(
    sseEvent({
      // A problem says when to come back.
      ...(name === 'problem' ? { retryMs: 7_950 } : { id: CURSOR_EXAMPLE }),
      ...(name !== 'message' && { event: name }),
      data: JSON.stringify(data),
    }),
  );

/** For the table that people read. */
export const streamEventsTable = `| event | data | |
|---|---|---|
${streamEvents
  .map(({ event: name, schema, description }) => `| \`${name}\` | \`${schema}\` | ${description} |`)
  .join('\n')}`;

const isOf = (...names: readonly string[]): StreamEvent[] =>
  streamEvents.filter(({ event: name }) => names.includes(name));

/** The whole media type. OpenAPI 3.1 has no words for what a stream's items are: `x-events` says it for programs. */
export const eventStreamContent: Json = {
  schema: {
    type: 'string',
    description:
      'Server-sent events, as WHATWG HTML has them. The data of each is JSON: its schema stands in `x-events`, by the ' +
      'name of the event.',
  },
  'x-events': Object.fromEntries(
    streamEvents.map(({ event: name, schema, description }) => [
      name,
      { description, schema: answerRef(schema) },
    ]),
  ),
  examples: {
    stream: {
      summary: 'How a stream begins',
      value: `${decoder.decode(sseOpening(2_479))}${isOf('message', 'caught-up').map(frame).join('')}`,
    },
    ...Object.fromEntries(
      streamEvents.map((each) => [each.event, { summary: each.description, value: frame(each) }]),
    ),
  },
};
