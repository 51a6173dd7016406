/**
 * The OpenAPI 3.1 document: made when building, out of the very zod schemas that check requests, so that it costs the Worker
 * nothing and can't say anything else than the code does. test/site holds it against the route table, against real answers,
 * and to the specification. Over 300 lines: it is one document.
 */
import * as z from 'zod/mini';

import { keyChangeSchema, newKeySchema, rotationSchema } from '../access/key-input.ts';
import { ticketRequestSchema } from '../access/mint-ticket.ts';
import { type ParameterName, parameterShapes, parameters } from '../http/query.ts';
import { answerSchemas, type AnswerName } from './answers.ts';
import { PROBLEM_TEXTS } from './problem-texts.ts';

type Json = Readonly<Record<string, unknown>>;

const ID_EXAMPLE =
  'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_2019-05-11T19:39:55.317Z_MotionSensor_69b151ad-a611-42f5-ac21-fe537f9868ad';
const CURSOR_EXAMPLE = 'AQAAAAIJ8DYXWibhWgA0RWzlmBapsEcq6OtPEiMz';

/** What people need to know of each parameter, and an example. */
const parameterWords: Readonly<Record<ParameterName, { description: string; example: unknown }>> = {
  maxResults: { description: 'Messages in the page, at the most. Default 100.', example: 50 },
  last: {
    description: 'The newest messages instead of the first ones. Not together with a cursor.',
    example: 20,
  },
  waitTimeSeconds: {
    description:
      'How long to wait: for a message behind the cursor, or for the end of the execution. 0, the default: not at all.',
    example: 20,
  },
  eventTypes: { description: 'Only these types of events.', example: ['STEP_FAILED', 'EXECUTION_FAILED'] },
  cursor: {
    description:
      'Go on from here: `cursor` or `nextToken` of a page, or the id of an event, of the same execution.',
    example: CURSOR_EXAMPLE,
  },
  nextToken: { description: 'The same as `cursor`, by its AWS name.', example: CURSOR_EXAMPLE },
  from: {
    description: 'Event stream only: where to begin without a cursor. Default `start`.',
    example: 'now',
  },
  status: { description: 'Only executions that ended so.', example: 'FAILED' },
  limit: { description: 'Entries in the answer, at the most.', example: 100 },
  flowExecutionId: {
    description: 'Adds `allowed`: whether the key may read this execution.',
    example: ID_EXAMPLE,
  },
};

const jsonSchema = (schema: z.core.$ZodType): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
};

function queryParameter(
  name: ParameterName,
  words: Partial<{ description: string; example: unknown }> = {},
): Json {
  const schema = parameters[name];
  const shape = parameterShapes.get(schema)?.shape ?? jsonSchema(schema);
  return {
    name,
    in: 'query',
    ...parameterWords[name],
    ...words,
    schema: shape,
    ...(shape['type'] === 'array' && { style: 'form', explode: false }),
  };
}

const executionIdParameter: Json = {
  name: 'flowExecutionId',
  in: 'path',
  required: true,
  description:
    'Raw or percent-encoded: `:` `/` `.` work either way. 1 to 512 characters, no control characters.',
  schema: { type: 'string', minLength: 1, maxLength: 512 },
  example: ID_EXAMPLE,
};

const pathParameter = (name: string, description: string, example: string): Json => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string' },
  example,
});

const headerParameter = (name: string, description: string, example: string): Json => ({
  name,
  in: 'header',
  description,
  schema: { type: 'string' },
  example,
});

const ref = (name: AnswerName): Json => ({ $ref: `#/components/schemas/${name}` });
const answerHeaders: Json = { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' } };

const answer = (description: string, name: AnswerName, headers: Json = {}): Json => ({
  description,
  headers: { ...answerHeaders, ...headers },
  content: { 'application/json': { schema: ref(name) } },
});

const cachingHeaders: Json = {
  ETag: { description: 'Strong. Send it back as If-None-Match.', schema: { type: 'string' } },
  'Cache-Control': {
    description: '`private, max-age=300` for settled histories, else `private, no-cache`.',
    schema: { type: 'string' },
  },
  'Cache-Status': {
    description: 'RFC 9211: `hit` or `fwd=miss`, `collapsed`, and `detail=memory`, `kv` or `live`.',
    schema: { type: 'string' },
    example: 'flowtap; hit; detail=memory',
  },
  Link: { description: '`rel="next"`, while there are more messages.', schema: { type: 'string' } },
  Vary: { description: 'Accept, Authorization, X-API-Key, Origin', schema: { type: 'string' } },
};

/** Responses for these statuses, each naming the codes it may have. */
function problems(...statuses: readonly number[]): Json {
  return Object.fromEntries(
    statuses.map((status) => [
      String(status),
      {
        description: PROBLEM_TEXTS.filter((text) => text.statuses.includes(status))
          .map(({ code, meaning }) => `\`${code}\`: ${meaning}`)
          .join('\n\n'),
        headers: {
          ...answerHeaders,
          ...((status === 429 || status === 503) && {
            'Retry-After': { $ref: '#/components/headers/Retry-After' },
          }),
        },
        content: { 'application/problem+json': { schema: ref('Problem') } },
      },
    ]),
  );
}

const READ_PROBLEMS = [400, 401, 403, 404, 410, 429, 500, 502, 503, 504] as const;
const ADMIN_PROBLEMS = [400, 401, 404, 429, 500, 503] as const;

const STREAM_DESCRIPTION = `Server-sent events, for whoever sends \`Accept: text/event-stream\`. Begins behind \`Last-Event-ID\`, else
\`cursor\`, else \`from\`. Every event but \`problem\` has an id: send the last one back as \`Last-Event-ID\`, and nothing is lost or
comes twice.

| event | data |
|---|---|
| (unnamed) | a message |
| \`caught-up\` | \`{status}\`: all that existed at connect has been sent |
| \`heartbeat\` | \`{timestamp, pollIntervalMs, upstream}\` after 15 s of silence; \`upstream\` is \`ok\`, \`throttled\` or \`unavailable\` |
| \`reset\` | the history is not the one that the id came from, or the id is unknown here: it is sent again from its start |
| \`end\` | \`{status}\`: settled and all sent. A reconnect with its id is a 204 |
| \`problem\` | why the stream closes early, with \`retryAfterSeconds\` where coming back helps |

What will pass by itself (429, 5xx) is 200 with a \`problem\` event, since any other status ends an EventSource for good.`;

const STREAM_EXAMPLE = `retry: 2479

id: ${CURSOR_EXAMPLE}
data: {"messageId":"0","eventType":"EXECUTION_STARTED","timestamp":"2019-05-30T20:19:00.656Z","payload":"Flow execution started"}

id: ${CURSOR_EXAMPLE}
event: caught-up
data: {"status":"RUNNING"}

`;

const requestBody = (schema: z.core.$ZodType, example: unknown, required: boolean): Json => ({
  required,
  content: { 'application/json': { schema: jsonSchema(schema), example } },
});

const NEW_KEY_EXAMPLE = {
  name: 'security cameras, back end',
  owner: 'devices@example.com',
  executions: ['urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_*'],
  payloads: 'full',
  tickets: true,
};

const reading = [{ apiKey: [] }, { apiKeyHeader: [] }, { ticket: [] }];
const keyOnly = [{ apiKey: [] }, { apiKeyHeader: [] }];
const adminOnly = [{ adminToken: [] }];

export function openApiDocument(): Json {
  const nowMs = Date.now();
  const created = answer('The key; `key` is shown this once.', 'IssuedKey');
  return {
    openapi: '3.1.0',
    info: {
      title: 'Flowtap',
      version: '1',
      summary: 'Read and follow the messages of workflow executions, without AWS credentials.',
      description:
        'The contract in prose, with a client’s duties, is docs/http-api.md. Every problem’s `type` leads to /docs/problems.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'executions' },
      { name: 'key' },
      { name: 'admin' },
      { name: 'AWS protocol' },
      { name: 'service' },
    ],
    paths: {
      '/v1/executions/{flowExecutionId}/messages': {
        parameters: [executionIdParameter],
        get: {
          tags: ['executions'],
          operationId: 'listMessages',
          summary: 'A page of messages, or the event stream',
          security: reading,
          description: STREAM_DESCRIPTION,
          parameters: [
            ...(
              ['maxResults', 'cursor', 'nextToken', 'last', 'eventTypes', 'waitTimeSeconds', 'from'] as const
            ).map((name) => queryParameter(name)),
            headerParameter('Last-Event-ID', 'Event stream: the id of the last event seen.', CURSOR_EXAMPLE),
            headerParameter(
              'If-None-Match',
              'The ETag of the page that the client has.',
              '"FZ0mbCx4Ee6tLOlF3d5wFd"',
            ),
          ],
          responses: {
            '200': {
              description: 'The page, or the stream.',
              headers: { ...answerHeaders, ...cachingHeaders },
              content: {
                'application/json': { schema: ref('Page') },
                'text/event-stream': { schema: { type: 'string' }, example: STREAM_EXAMPLE },
              },
            },
            '204': {
              description: 'Event stream: all was sent before, nothing can follow. Stops an EventSource.',
            },
            '304': { description: 'The client has this page.' },
            ...problems(...READ_PROBLEMS),
          },
        },
      },
      '/v1/executions/{flowExecutionId}': {
        parameters: [executionIdParameter],
        get: {
          tags: ['executions'],
          operationId: 'getSummary',
          summary: 'How an execution stands, or ended',
          security: reading,
          parameters: [
            queryParameter('waitTimeSeconds', {
              description: 'Answer as soon as the execution ends, or after this long.',
            }),
          ],
          responses: {
            '200': answer(
              'The summary. What is not known is absent. The step, error and cause of a failure are read out of payloads: ' +
                'who sees no payloads does not see them.',
              'Summary',
              cachingHeaders,
            ),
            '304': { description: 'The client has it.' },
            ...problems(...READ_PROBLEMS),
          },
        },
      },
      '/v1/executions/{flowExecutionId}/tickets': {
        parameters: [executionIdParameter],
        post: {
          tags: ['executions'],
          operationId: 'createTicket',
          summary: 'A short-lived ticket for one execution, for browsers',
          security: keyOnly,
          requestBody: requestBody(ticketRequestSchema, { ttlSeconds: 600 }, false),
          responses: {
            '201': answer('The ticket.', 'Ticket'),
            ...problems(400, 401, 403, 413, 415, 429, 500, 503),
          },
        },
      },
      '/v1/key': {
        get: {
          tags: ['key'],
          operationId: 'getKey',
          summary: 'The caller’s own key',
          security: keyOnly,
          parameters: [queryParameter('flowExecutionId')],
          responses: {
            '200': answer('The key, without its secret.', 'OwnKey'),
            ...problems(400, 401, 403, 429, 500, 503),
          },
        },
      },
      '/v1/admin/keys': {
        get: {
          tags: ['admin'],
          operationId: 'listKeys',
          summary: 'Keys, page by page',
          security: adminOnly,
          parameters: [
            queryParameter('cursor', { description: '`cursor` of the answer before.', example: 'a2V5' }),
            queryParameter('limit', { description: '1 to 100. Default 50.', example: 50 }),
          ],
          responses: {
            '200': answer('In no order that means anything.', 'KeyList'),
            ...problems(...ADMIN_PROBLEMS),
          },
        },
        post: {
          tags: ['admin'],
          operationId: 'createKey',
          summary: 'Make a key',
          security: adminOnly,
          requestBody: requestBody(newKeySchema(nowMs), NEW_KEY_EXAMPLE, true),
          responses: { '201': created, ...problems(...ADMIN_PROBLEMS, 413, 415) },
        },
      },
      '/v1/admin/keys/{id}': {
        parameters: [pathParameter('id', 'Of the key, or of one of its credentials.', 'dUeug5aB')],
        get: {
          tags: ['admin'],
          operationId: 'showKey',
          summary: 'One key, never its secret',
          security: adminOnly,
          responses: { '200': answer('The key.', 'Key'), ...problems(...ADMIN_PROBLEMS) },
        },
        patch: {
          tags: ['admin'],
          operationId: 'changeKey',
          summary: 'Change what is given; null takes away owner or expiresAt',
          security: adminOnly,
          requestBody: requestBody(keyChangeSchema(nowMs), { payloads: 'none' }, true),
          responses: {
            '200': answer('The key as it is now.', 'Key'),
            ...problems(...ADMIN_PROBLEMS, 409, 413, 415),
          },
        },
      },
      '/v1/admin/keys/{id}/rotate': {
        parameters: [pathParameter('id', 'Of the key, or of one of its credentials.', 'dUeug5aB')],
        post: {
          tags: ['admin'],
          operationId: 'rotateKey',
          summary: 'A new credential for the key; the old ones are good for the overlap',
          security: adminOnly,
          requestBody: requestBody(rotationSchema, { overlapSeconds: 86_400 }, false),
          responses: { '201': created, ...problems(...ADMIN_PROBLEMS, 409, 413, 415) },
        },
      },
      '/v1/admin/keys/{id}/revoke': {
        parameters: [pathParameter('id', 'Of the key, or of one of its credentials.', 'dUeug5aB')],
        post: {
          tags: ['admin'],
          operationId: 'revokeKey',
          summary: 'End a key, for good',
          security: adminOnly,
          responses: { '200': answer('The key as it is now.', 'Key'), ...problems(...ADMIN_PROBLEMS) },
        },
      },
      '/v1/admin/executions': {
        get: {
          tags: ['admin'],
          operationId: 'listArchivedExecutions',
          summary: 'What is archived',
          security: adminOnly,
          parameters: [
            queryParameter('status'),
            queryParameter('cursor', { description: '`cursor` of the answer before.', example: 'YXJj' }),
            queryParameter('limit'),
          ],
          responses: {
            '200': answer('May lag a minute behind.', 'ArchivedExecutionList'),
            ...problems(...ADMIN_PROBLEMS),
          },
        },
      },
      '/v1/admin/executions/{flowExecutionId}/messages': {
        parameters: [executionIdParameter],
        put: {
          tags: ['admin'],
          operationId: 'importHistory',
          summary: 'Take an exported history into the archive, all or nothing',
          security: adminOnly,
          requestBody: {
            required: true,
            description:
              'NDJSON, a message a line, or `{"messages": […]}` as boto3, the AWS CLI and our own pages print it; told apart by ' +
              'content. At most 100 MiB. The last message must be terminal.',
            content: {
              'application/x-ndjson': {
                schema: { type: 'string' },
                example: '{"messageId":"0","eventType":"EXECUTION_STARTED"}\n',
              },
              'application/json': { schema: { type: 'object', required: ['messages'] } },
            },
          },
          responses: {
            '200': answer('It is served from now on.', 'ArchivedExecution'),
            ...problems(...ADMIN_PROBLEMS, 403, 413),
          },
        },
      },
      '/v1/admin/executions/{flowExecutionId}': {
        parameters: [executionIdParameter],
        get: {
          tags: ['admin'],
          operationId: 'showExecution',
          summary: 'Who reads an execution just now, and what is archived of it',
          security: adminOnly,
          responses: {
            '200': answer('As its Execution sees it.', 'ExecutionState'),
            ...problems(...ADMIN_PROBLEMS),
          },
        },
        delete: {
          tags: ['admin'],
          operationId: 'forgetExecution',
          summary: 'Delete what is archived of an execution',
          security: adminOnly,
          responses: { '204': { description: 'Gone.' }, ...problems(...ADMIN_PROBLEMS, 403) },
        },
      },
      '/': {
        post: {
          tags: ['AWS protocol'],
          operationId: 'ListFlowExecutionMessages',
          summary: 'AWS IoT Things Graph’s own operation, for boto3, the AWS CLI and the AWS SDKs',
          description:
            'AWS JSON 1.1. The API key is the session token: `boto3.client("iotthingsgraph", endpoint_url=URL, ' +
            'region_name="us-west-2", aws_access_key_id="flowtap", aws_secret_access_key="unused", aws_session_token=KEY)`. ' +
            'Errors are AWS’s own.',
          security: [{ awsSessionToken: [] }],
          parameters: [
            {
              ...headerParameter(
                'X-Amz-Target',
                'The operation.',
                'IotThingsGraphFrontEndService.ListFlowExecutionMessages',
              ),
              required: true,
            },
          ],
          requestBody: {
            required: true,
            content: {
              'application/x-amz-json-1.1': {
                schema: {
                  type: 'object',
                  required: ['flowExecutionId'],
                  properties: {
                    flowExecutionId: { type: 'string' },
                    nextToken: { type: 'string' },
                    maxResults: { type: 'integer', minimum: 1, maximum: 250 },
                  },
                },
                example: { flowExecutionId: ID_EXAMPLE, maxResults: 100 },
              },
            },
          },
          responses: {
            '200': {
              description: 'A page; timestamps are epoch seconds.',
              content: { 'application/x-amz-json-1.1': { schema: ref('AwsPage') } },
            },
            '400': {
              description:
                'InvalidRequestException, ResourceNotFoundException, ThrottlingException, UnrecognizedClientException, ' +
                'AccessDeniedException, UnknownOperationException, SerializationException',
              content: { 'application/x-amz-json-1.1': { schema: ref('AwsError') } },
            },
            '500': {
              description: 'InternalFailureException',
              content: { 'application/x-amz-json-1.1': { schema: ref('AwsError') } },
            },
          },
        },
      },
      '/healthz': {
        get: {
          tags: ['service'],
          operationId: 'health',
          summary: 'Whether it is up and configured',
          security: [],
          responses: { '200': answer('It is.', 'Health'), ...problems(503) },
        },
      },
    },
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, `ftk_…`.' },
        apiKeyHeader: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        ticket: {
          type: 'apiKey',
          in: 'query',
          name: 'ticket',
          description: 'For the GETs of one execution.',
        },
        adminToken: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN of the service.' },
        awsSessionToken: { type: 'apiKey', in: 'header', name: 'X-Amz-Security-Token' },
      },
      headers: {
        'X-Request-Id': {
          description: 'Tell it to the operator.',
          schema: { type: 'string', format: 'uuid' },
        },
        'Retry-After': { description: 'Seconds.', schema: { type: 'integer', minimum: 1 } },
      },
      schemas: Object.fromEntries(
        Object.entries(answerSchemas).map(([name, schema]) => [name, jsonSchema(schema)]),
      ),
    },
  };
}
