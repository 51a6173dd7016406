/** Operations for callers with a key or ticket: pages, streams, summaries, tickets, and the key itself. */
import { ticketRequestSchema } from '../access/create-ticket.ts';
import { PAGE_PARAMETERS, STREAM_PARAMETERS } from '../http/query-parameters.ts';
import type { ServiceProblemCode } from '../problems/problem-codes.ts';
import { answerExamples } from './answer-examples.ts';
import { CURSOR_EXAMPLE } from './example-values.ts';
import { eventStreamContent, eventsTable } from './event-stream-content.ts';
import { notStored, sent, sentAcrossOrigins, sentAlways, sentAs } from './headers.ts';
import { answerRef, type Json } from './json-schema.ts';
import { executionIdInPath, ifNoneMatch, inHeader, inQuery } from './parameters.ts';
import { empty, json, jsonBody, problems } from './responses.ts';
import { messageStream } from './stream-events.ts';

const reading = [{ apiKey: [] }, { apiKeyHeader: [] }, { ticket: [] }];
export const keyOnly = [{ apiKey: [] }, { apiKeyHeader: [] }];

export const EVERY_CALLER: readonly ServiceProblemCode[] = [
  'InvalidRequestException',
  'ConflictingCredentials',
  'KeyInUrl',
  'MissingCredentials',
  'InvalidApiKey',
  'RevokedApiKey',
  'ExpiredApiKey',
  'InvalidTicket',
  'ExpiredTicket',
  'OperationNotAllowed',
  'MethodNotAllowed',
  'RateLimitExceeded',
  'InternalError',
  'StoreUnavailable',
  'NotConfigured',
];
const ABOUT_ONE: readonly ServiceProblemCode[] = [...EVERY_CALLER, 'AccessDeniedException'];
export const READING: readonly ServiceProblemCode[] = [
  ...ABOUT_ONE,
  'SourceNotAllowed',
  'ResourceNotFoundException',
  'InternalFailureException',
  'BadUpstream',
  'ThrottlingException',
  'TooManyStreams',
  'UpstreamShareExceeded',
  'Overloaded',
  'HistoryNotReadYet',
  'UpstreamTimeout',
];

export const GET = { allow: 'GET, HEAD, OPTIONS', headers: sentAcrossOrigins };
const POST = { allow: 'POST, OPTIONS', headers: sentAcrossOrigins };

export const around: Json = { ...sentAcrossOrigins, ...sent('Vary') };

export const cached: Json = { ...around, ...sent('ETag', 'Cache-Control', 'Cache-Status') };

/**
 * Pages and streams both have status 200, and OpenAPI lists headers only by status. So `x-content-type` says which of
 * the two has the header.
 */
export const ofPage = { required: false, 'x-content-type': 'application/json' };
export const ofStream = { required: false, 'x-content-type': 'text/event-stream' };

const LINK = { required: false, description: 'Pages only: `rel="next"`, if more messages exist now.' };

const DESCRIPTION = `This path serves two formats.

**A page** is the default: JSON with at most \`maxResults\` messages, from the start, from a \`cursor\`, or the \`last\` ones. Follow
\`nextToken\` until it is absent: then you have all messages so far. To get later ones, ask again with \`cursor\` and
\`waitTimeSeconds\`. Headers: \`ETag\`, \`Link\`, \`Cache-Control\`, \`Cache-Status\`.

**The event stream** needs \`Accept: text/event-stream\`. If the header gives \`application/json\` an equal or higher
weight, the answer is the page. The stream starts after \`Last-Event-ID\`, else \`lastEventId\`, else \`cursor\`, else at \`from\`. It
sends the existing messages and then new ones, until the execution has ended and settled. Every event except \`problem\` has an id:
send the last id back as \`Last-Event-ID\`, and you get every later message exactly once. A transient failure (429, 5xx) is a 200
with a \`problem\` event, because any other status ends an EventSource for good.

${eventsTable(messageStream)}`;

const listMessages: Json = {
  tags: ['executions'],
  operationId: 'listMessages',
  summary: 'Read a page of messages, or follow the event stream',
  security: reading,
  description: DESCRIPTION,
  parameters: [
    ...[...new Set([...PAGE_PARAMETERS, ...STREAM_PARAMETERS])].map((name) => inQuery(name)),
    inHeader('Last-Event-ID', 'Stream only: the id of the last event received.', CURSOR_EXAMPLE),
    { ...ifNoneMatch, description: 'Page only: the ETag of the client’s copy.' },
  ],
  responses: {
    '200': {
      description: 'The page or the stream.',
      headers: {
        ...sentAlways,
        ...around,
        ...sentAs('ETag', {
          ...ofPage,
          description: 'Pages only. A strong ETag. Send it back as If-None-Match.',
        }),
        ...sentAs('Cache-Control', {
          description:
            'Pages: `private, max-age=300` for final histories, else `private, no-cache`. Streams: ' +
            '`no-store, no-transform`.',
        }),
        ...sentAs('Cache-Status', {
          ...ofPage,
          description:
            'Pages only. RFC 9211: `hit`, `fwd=miss` or `fwd=miss; collapsed`, then the layer that served the page.',
        }),
        ...sentAs('Link', LINK),
        ...sentAs('X-Accel-Buffering', {
          ...ofStream,
          description: 'Streams only. Turns off buffering in nginx.',
        }),
      },
      content: {
        'application/json': { schema: answerRef('Page'), example: answerExamples.Page },
        'text/event-stream': eventStreamContent(messageStream),
      },
    },
    '204': empty('Stream only: the client has every message, and no more can follow. Stops an EventSource.', {
      ...around,
      ...notStored,
    }),
    '304': empty('The client’s copy is current.', { ...cached, ...sentAs('Link', LINK) }),
    ...problems([...READING, 'HistoryChanged'], GET),
  },
};

const getSummary: Json = {
  tags: ['executions'],
  operationId: 'getSummary',
  summary: 'Get the status of an execution, and how it ended',
  security: reading,
  parameters: [
    inQuery('waitTimeSeconds', {
      description: 'Wait until the execution ends, but at most this many seconds. Default 0: do not wait.',
    }),
    ifNoneMatch,
  ],
  responses: {
    '200': json(
      'The summary. Unknown values are absent. The step and error of a failure require the payload access ' +
        '`names` or `full`, its cause requires `full`.',
      'Summary',
      cached,
    ),
    '304': empty('The client’s copy is current.', cached),
    ...problems(READING, GET),
  },
};

const createTicket: Json = {
  tags: ['executions'],
  operationId: 'createTicket',
  summary: 'Create a short-lived ticket for one execution, for browsers',
  security: keyOnly,
  requestBody: jsonBody(ticketRequestSchema, { ttlSeconds: 600 }, false),
  responses: {
    '201': json('The ticket.', 'Ticket', { ...around, ...notStored }),
    ...problems([...ABOUT_ONE, 'RequestTimeout', 'PayloadTooLarge', 'UnsupportedMediaType'], POST),
  },
};

const getKey: Json = {
  tags: ['key'],
  operationId: 'getKey',
  summary: 'Show the caller’s own key',
  security: keyOnly,
  parameters: [inQuery('flowExecutionId')],
  responses: {
    '200': json('The key, without its secret.', 'OwnKey', {
      ...around,
      ...sentAs('Cache-Control', {
        description: 'Caches must not store the answer.',
        schema: { type: 'string', const: 'private, no-store' },
        example: 'private, no-store',
      }),
    }),
    ...problems(EVERY_CALLER, GET),
  },
};

export const executionPaths: Readonly<Record<string, Json>> = {
  '/v1/executions/{flowExecutionId}/messages': { parameters: [executionIdInPath], get: listMessages },
  '/v1/executions/{flowExecutionId}': { parameters: [executionIdInPath], get: getSummary },
  '/v1/executions/{flowExecutionId}/tickets': { parameters: [executionIdInPath], post: createTicket },
  '/v1/key': { get: getKey },
};
