/** What a key or a ticket opens: pages, streams, summaries, tickets, and the key itself. */
import { ticketRequestSchema } from '../access/mint-ticket.ts';
import type { ServiceProblemCode } from '../problems/problem-codes.ts';
import { answerExamples } from './answer-examples.ts';
import { CURSOR_EXAMPLE } from './example-values.ts';
import { notStored, sent, sentAcrossOrigins, sentAlways, sentAs } from './headers.ts';
import { answerRef, type Json } from './json-schema.ts';
import { executionIdInPath, ifNoneMatch, inHeader, inQuery } from './parameters.ts';
import { empty, json, jsonBody, problems } from './responses.ts';
import { eventStreamContent, streamEventsTable } from './stream-events.ts';

const reading = [{ apiKey: [] }, { apiKeyHeader: [] }, { ticket: [] }];
const keyOnly = [{ apiKey: [] }, { apiKeyHeader: [] }];

const EVERY_CALLER: readonly ServiceProblemCode[] = [
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
const READING: readonly ServiceProblemCode[] = [
  ...ABOUT_ONE,
  'SourceNotAllowed',
  'ResourceNotFoundException',
  'InternalFailureException',
  'BadUpstream',
  'ThrottlingException',
  'Overloaded',
  'UpstreamTimeout',
];

const GET = { allow: 'GET, HEAD, OPTIONS', headers: sentAcrossOrigins };
const POST = { allow: 'POST, OPTIONS', headers: sentAcrossOrigins };

const around: Json = { ...sentAcrossOrigins, ...sent('Vary') };

const cached: Json = { ...around, ...sent('ETag', 'Cache-Control', 'Cache-Status') };

/** Headers are told by status, and a page and a stream are both 200: `x-content-type` says which of them has it. */
const ofPage = { required: false, 'x-content-type': 'application/json' };
const ofStream = { required: false, 'x-content-type': 'text/event-stream' };

const LINK = { required: false, description: 'Of pages. `rel="next"`, while there are more messages now.' };

const DESCRIPTION = `One address, two forms.

**A page** is what you get unless you ask for a stream: JSON with at most \`maxResults\` messages, from the start, from a \`cursor\`, or
the \`last\` ones. Follow \`nextToken\` until it is gone, then you have all there is; ask again with \`cursor\` and \`waitTimeSeconds\` for
what comes later. Headers: \`ETag\`, \`Link\`, \`Cache-Control\`, \`Cache-Status\`.

**The event stream** is for callers who send \`Accept: text/event-stream\`; who names \`application/json\` beside it, with at least
its weight, gets the page. It begins behind \`Last-Event-ID\`, else \`lastEventId\`, else \`cursor\`, else \`from\`, sends what is there and then what comes, until the execution has ended and settled. Every event but \`problem\` has an id: send the
last one back as \`Last-Event-ID\`, and nothing is lost or comes twice. What will pass by itself (429, 5xx) is a 200 with a
\`problem\` event, since any other status ends an EventSource for good.

${streamEventsTable}`;

const listMessages: Json = {
  tags: ['executions'],
  operationId: 'listMessages',
  summary: 'A page of messages, or the event stream',
  security: reading,
  description: DESCRIPTION,
  parameters: [
    ...(
      [
        'maxResults',
        'cursor',
        'nextToken',
        'last',
        'eventTypes',
        'waitTimeSeconds',
        'lastEventId',
        'from',
      ] as const
    ).map((name) => inQuery(name)),
    inHeader('Last-Event-ID', 'Stream only: the id of the last event seen.', CURSOR_EXAMPLE),
    { ...ifNoneMatch, description: 'Page only: the ETag of the page that the client has.' },
  ],
  responses: {
    '200': {
      description: 'The page, or the stream.',
      headers: {
        ...sentAlways,
        ...around,
        ...sentAs('ETag', { ...ofPage, description: 'Of pages. Strong: send it back as If-None-Match.' }),
        ...sentAs('Cache-Control', {
          description:
            'Of pages: `private, max-age=300` for settled histories, else `private, no-cache`. Of streams: ' +
            '`no-store, no-transform`.',
        }),
        ...sentAs('Cache-Status', {
          ...ofPage,
          description: 'Of pages. RFC 9211: `hit` or `fwd=miss`, `collapsed`, and where the page came from.',
        }),
        ...sentAs('Link', LINK),
        ...sentAs('X-Accel-Buffering', {
          ...ofStream,
          description: 'Of streams. Tells nginx to hold no event back.',
        }),
      },
      content: {
        'application/json': { schema: answerRef('Page'), example: answerExamples.Page },
        'text/event-stream': eventStreamContent,
      },
    },
    '204': empty('Stream only: all was sent before, nothing can follow. Stops an EventSource.', {
      ...around,
      ...notStored,
    }),
    '304': empty('The client has this page.', { ...cached, ...sentAs('Link', LINK) }),
    ...problems([...READING, 'HistoryChanged'], GET),
  },
};

const getSummary: Json = {
  tags: ['executions'],
  operationId: 'getSummary',
  summary: 'How an execution stands, or ended',
  security: reading,
  parameters: [
    inQuery('waitTimeSeconds', {
      description: 'Answer as soon as the execution ends, or after this long. 0, the default: at once.',
    }),
    ifNoneMatch,
  ],
  responses: {
    '200': json(
      'The summary. What is not known is absent. The step, error and cause of a failure are read out of payloads: ' +
        'who sees no payloads does not see them.',
      'Summary',
      cached,
    ),
    '304': empty('The client has it.', cached),
    ...problems(READING, GET),
  },
};

const createTicket: Json = {
  tags: ['executions'],
  operationId: 'createTicket',
  summary: 'A short-lived ticket for one execution, for browsers',
  security: keyOnly,
  requestBody: jsonBody(ticketRequestSchema, { ttlSeconds: 600 }, false),
  responses: {
    '201': json('The ticket.', 'Ticket', { ...around, ...notStored }),
    ...problems([...ABOUT_ONE, 'PayloadTooLarge', 'UnsupportedMediaType'], POST),
  },
};

const getKey: Json = {
  tags: ['key'],
  operationId: 'getKey',
  summary: 'The caller’s own key',
  security: keyOnly,
  parameters: [inQuery('flowExecutionId')],
  responses: {
    '200': json('The key, without its secret.', 'OwnKey', {
      ...around,
      ...sentAs('Cache-Control', {
        description: 'Nobody keeps it.',
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
