/**
 * The OpenAPI 3.1 document. It is made at build time from the zod schemas that check requests, so it agrees with the
 * code and adds nothing to the Worker. test/site checks it against the routes, a real answer of each operation and
 * status, and the OpenAPI specification.
 */
import { thingsGraphDialect } from '../http/aws/things-graph/things-graph-dialect.ts';
import { awsTargets } from '../http/routes/aws-protocol.ts';
import { stepFunctionsDialect } from '../http/aws/step-functions/step-functions-dialect.ts';
import { adminPaths } from './admin-paths.ts';
import { ID_EXAMPLE } from './example-values.ts';
import { executionPaths } from './execution-paths.ts';
import { headerComponents, notStored } from './headers.ts';
import { answerComponents, type Json } from './json-schema.ts';
import { awsInput, inHeader } from './parameters.ts';
import { listPaths } from './list-paths.ts';
import { problemExampleComponents } from './problem-examples.ts';
import { awsPage, exceptions, json, problems } from './responses.ts';
import { withSharedResponses } from './shared-responses.ts';

const LIST_FLOW_EXECUTION_MESSAGES = 'IotThingsGraphFrontEndService.ListFlowExecutionMessages';
const ARN_EXAMPLE = 'arn:aws:states:us-west-2:123456789012:execution:OrderFulfilment:order-4711';

const awsProtocol: Json = {
  tags: ['AWS protocol'],
  operationId: 'ListFlowExecutionMessages',
  summary: 'Read messages with boto3, the AWS CLI or an AWS SDK',
  description:
    'An operation of AWS IoT Things Graph in AWS JSON 1.1, or a read operation of Step Functions in AWS JSON 1.0. Members are ' +
    'those of the AWS model: see [AWS clients and tools](./docs/aws-clients). Pass the API key as session token: `boto3.client("iotthingsgraph", endpoint_url=URL, ' +
    'region_name="us-west-2", aws_access_key_id="flowtap", aws_secret_access_key="unused", aws_session_token=KEY)`. ' +
    'Errors are AWS exceptions.',
  security: [{ awsSessionToken: [] }],
  parameters: [
    {
      ...inHeader('X-Amz-Target', 'The operation.', LIST_FLOW_EXECUTION_MESSAGES, {
        enum: awsTargets(),
      }),
      required: true,
    },
  ],
  requestBody: {
    required: true,
    content: {
      [thingsGraphDialect.contentType]: {
        schema: awsInput,
        example: { flowExecutionId: ID_EXAMPLE, maxResults: 100 },
      },
      [stepFunctionsDialect.contentType]: {
        schema: { type: 'object' },
        example: { executionArn: ARN_EXAMPLE },
      },
    },
  },
  responses: { '200': awsPage, '400': exceptions(false), '500': exceptions(true) },
};

const health: Json = {
  tags: ['service'],
  operationId: 'health',
  summary: 'Check that the service is up and configured',
  security: [],
  responses: {
    '200': json('The service is up and configured.', 'Health', notStored),
    ...problems(['MethodNotAllowed', 'NotConfigured'], { allow: 'GET, HEAD, OPTIONS' }),
  },
};

export function openApiDocument(): Json {
  const { paths, responses } = withSharedResponses({
    ...executionPaths,
    ...listPaths,
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
        'The contract in prose, with the rules for clients: [/docs/http-api](docs/http-api). The `type` of every problem points to ' +
        '[/docs/problems](docs/problems). Every GET path also accepts HEAD, which has the same headers and never waits. ' +
        'OPTIONS lists the methods of a path; other methods are a 405.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Relative to the document's address, so that it is also correct behind a path prefix.
    servers: [{ url: './' }],
    tags: [
      { name: 'lists', description: 'Flows, and lists of their executions.' },
      { name: 'executions', description: 'Pages, streams, summaries, and tickets for browsers.' },
      { name: 'key', description: 'The permissions and limits of the caller’s key.' },
      { name: 'admin', description: 'Keys and archived executions. Needs the admin token. No CORS.' },
      { name: 'AWS protocol', description: 'For existing AWS clients.' },
      { name: 'service', description: 'For the operator.' },
    ],
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, `ftk_…`.' },
        apiKeyHeader: {
          type: 'apiKey',
          in: 'header',
          name: 'X-API-Key',
          description: 'An API key, for clients that need Authorization for something else.',
        },
        ticket: {
          type: 'apiKey',
          in: 'query',
          name: 'ticket',
          description: 'A ticket, for the GET operations of one execution.',
        },
        adminToken: { type: 'http', scheme: 'bearer', description: 'The ADMIN_TOKEN of the service.' },
        awsSessionToken: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Amz-Security-Token',
          description: 'An API key, which AWS clients send as session token.',
        },
      },
      responses,
      headers: headerComponents,
      examples: problemExampleComponents,
      schemas: answerComponents(),
    },
  };
}
