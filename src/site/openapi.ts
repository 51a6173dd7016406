/**
 * The OpenAPI 3.1 document: made when building, out of the very zod schemas that check requests, so that it costs the Worker
 * nothing and can't say anything else than the code does. test/site holds it against the routes of the application, against
 * an answer of each operation and status, and to the specification.
 */
import { AWS_JSON } from '../http/aws/exceptions.ts';
import { adminPaths } from './admin-paths.ts';
import { ID_EXAMPLE } from './example-values.ts';
import { executionPaths } from './execution-paths.ts';
import { headerComponents, notStored } from './headers.ts';
import { answerComponents, type Json } from './json-schema.ts';
import { awsInput, inHeader } from './parameters.ts';
import { problemExampleComponents } from './problem-examples.ts';
import { awsPage, exceptions, json, problems } from './responses.ts';
import { withSharedResponses } from './shared-responses.ts';

const LIST_FLOW_EXECUTION_MESSAGES = 'IotThingsGraphFrontEndService.ListFlowExecutionMessages';

const awsProtocol: Json = {
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
      ...inHeader('X-Amz-Target', 'The operation.', LIST_FLOW_EXECUTION_MESSAGES, {
        const: LIST_FLOW_EXECUTION_MESSAGES,
      }),
      required: true,
    },
  ],
  requestBody: {
    required: true,
    content: {
      [AWS_JSON]: { schema: awsInput, example: { flowExecutionId: ID_EXAMPLE, maxResults: 100 } },
    },
  },
  responses: { '200': awsPage, '400': exceptions(false), '500': exceptions(true) },
};

const health: Json = {
  tags: ['service'],
  operationId: 'health',
  summary: 'Whether it is up and configured',
  security: [],
  responses: {
    '200': json('It is.', 'Health', notStored),
    ...problems(['MethodNotAllowed', 'NotConfigured'], { allow: 'GET, HEAD, OPTIONS' }),
  },
};

export function openApiDocument(): Json {
  const { paths, responses } = withSharedResponses({
    ...executionPaths,
    ...adminPaths(Date.now()),
    '/': { post: awsProtocol },
    '/healthz': { get: health },
  });
  return {
    openapi: '3.1.0',
    info: {
      title: 'Flowtap',
      version: '1',
      summary: 'Read and follow the messages of workflow executions, without AWS credentials.',
      description:
        'The contract in prose, with a client’s duties, is docs/http-api.md. Every problem’s `type` leads to ' +
        '[/docs/problems](/docs/problems). Every GET answers HEAD, too, with the same headers and at once; OPTIONS says ' +
        'what a path takes; what it does not take is a 405.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'executions', description: 'Pages, streams, summaries, and tickets for browsers.' },
      { name: 'key', description: 'What the caller’s key may do.' },
      { name: 'admin', description: 'Keys and archived executions, for the admin token. Never CORS.' },
      { name: 'AWS protocol', description: 'For the clients that people already have.' },
      { name: 'service', description: 'For whoever runs it.' },
    ],
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, `ftk_…`.' },
        apiKeyHeader: {
          type: 'apiKey',
          in: 'header',
          name: 'X-API-Key',
          description: 'An API key, for clients that keep Authorization for themselves.',
        },
        ticket: {
          type: 'apiKey',
          in: 'query',
          name: 'ticket',
          description: 'For the GETs of one execution.',
        },
        adminToken: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN of the service.' },
        awsSessionToken: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Amz-Security-Token',
          description: 'An API key, as AWS’s clients send a session token.',
        },
      },
      responses,
      headers: headerComponents,
      examples: problemExampleComponents,
      schemas: answerComponents(),
    },
  };
}
