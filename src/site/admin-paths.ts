/** Operations for callers with the admin token: keys, archived executions, and the probe. */
import { keyChangeSchema, newKeySchema, rotationSchema } from '../access/keys/key-input.ts';
import type { ServiceProblemCode } from '../problems/problem-codes.ts';
import { notStored } from './headers.ts';
import { answerRef, type Json } from './json-schema.ts';
import { messageExample } from './answer-examples.ts';
import { executionIdInPath, inQuery, keyIdInPath } from './parameters.ts';
import { empty, json, jsonBody, problems } from './responses.ts';

const adminOnly = [{ adminToken: [] }];

const EVERY: readonly ServiceProblemCode[] = [
  'InvalidRequestException',
  'ConflictingCredentials',
  'KeyInUrl',
  'MissingCredentials',
  'InvalidApiKey',
  'NotFound',
  'MethodNotAllowed',
  'RateLimitExceeded',
  'InternalError',
  'StoreUnavailable',
  'NotConfigured',
];
const WITH_BODY: readonly ServiceProblemCode[] = [
  ...EVERY,
  'RequestTimeout',
  'PayloadTooLarge',
  'UnsupportedMediaType',
];
const ABOUT_ONE: readonly ServiceProblemCode[] = [...EVERY, 'Overloaded'];

const refused = (codes: readonly ServiceProblemCode[], allow: string): Json =>
  problems(codes, { allow, admin: true });

const KEYS = 'GET, HEAD, POST, OPTIONS';
const KEY = 'GET, HEAD, PATCH, OPTIONS';
const POST = 'POST, OPTIONS';
const GET = 'GET, HEAD, OPTIONS';
const PUT = 'PUT, OPTIONS';
const EXECUTION = 'GET, HEAD, DELETE, OPTIONS';

const NEW_KEY_EXAMPLE = {
  name: 'security cameras, back end',
  owner: 'devices@example.com',
  executions: ['urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_*'],
  payloads: 'full',
  tickets: true,
};

const history = [
  messageExample,
  { ...messageExample, messageId: '1', eventType: 'EXECUTION_SUCCEEDED', payload: '' },
];

const importBody: Json = {
  required: true,
  description:
    'NDJSON with one message per line, or `{"messages": […]}` as in pages of this API and in the output of boto3 and the AWS CLI. The format is ' +
    'detected from the content. At most 100 MiB. The last message must be terminal.',
  content: {
    'application/x-ndjson': {
      schema: { type: 'string', description: 'One message per line.' },
      example: history.map((message) => `${JSON.stringify(message)}\n`).join(''),
    },
    'application/json': {
      schema: {
        type: 'object',
        required: ['messages'],
        properties: { messages: { type: 'array', items: answerRef('Message') } },
      },
      example: { messages: history },
    },
  },
};

/** Takes the current time, because the schemas accept only expiry times in the future. */
export function adminPaths(nowMs: number): Readonly<Record<string, Json>> {
  const issued = json('The key. `key` is shown only this once.', 'IssuedKey', notStored);
  const operation = (operationId: string, summary: string, more: Json): Json => ({
    tags: ['admin'],
    operationId,
    summary,
    security: adminOnly,
    ...more,
  });
  return {
    '/v1/admin/keys': {
      get: operation('listKeys', 'List keys', {
        parameters: [
          inQuery('cursor', { description: '`cursor` of the previous answer.', example: 'a2V5' }),
          inQuery('limit', { description: '1 to 100. Default 50.', example: 50 }),
        ],
        responses: {
          '200': json('The keys, in no particular order.', 'KeyList', notStored),
          ...refused(EVERY, KEYS),
        },
      }),
      post: operation('createKey', 'Create a key', {
        requestBody: jsonBody(newKeySchema(nowMs), NEW_KEY_EXAMPLE, true),
        responses: { '201': issued, ...refused(WITH_BODY, KEYS) },
      }),
    },
    '/v1/admin/keys/{id}': {
      parameters: [keyIdInPath],
      get: operation('showKey', 'Show a key, without its secret', {
        responses: { '200': json('The key.', 'Key', notStored), ...refused(EVERY, KEY) },
      }),
      patch: operation('changeKey', 'Change the given members; null removes owner or expiresAt', {
        requestBody: jsonBody(keyChangeSchema(nowMs), { payloads: 'names' }, true),
        responses: {
          '200': json('The changed key.', 'Key', notStored),
          ...refused([...WITH_BODY, 'Conflict'], KEY),
        },
      }),
    },
    '/v1/admin/keys/{id}/rotate': {
      parameters: [keyIdInPath],
      post: operation('rotateKey', 'Issue a new credential; the old ones stay valid for the overlap', {
        requestBody: jsonBody(rotationSchema, { overlapSeconds: 86_400 }, false),
        responses: { '201': issued, ...refused([...WITH_BODY, 'Conflict'], POST) },
      }),
    },
    '/v1/admin/keys/{id}/revoke': {
      parameters: [keyIdInPath],
      post: operation('revokeKey', 'Revoke a key permanently', {
        responses: {
          '200': json(
            'The revoked key. If its records are damaged, it has only `id`, `status` and `revokedAt`.',
            'RevokedKey',
            notStored,
          ),
          ...refused(EVERY, POST),
        },
      }),
    },
    '/v1/admin/executions': {
      get: operation('listArchivedExecutions', 'List archived executions', {
        parameters: [
          inQuery('status'),
          inQuery('cursor', { description: '`cursor` of the previous answer.', example: 'YXJj' }),
          inQuery('limit'),
        ],
        responses: {
          '200': json(
            'The archived executions, by source, then by flow, then newest start first. The list may lag by a minute.',
            'ArchivedExecutionList',
            notStored,
          ),
          ...refused(EVERY, GET),
        },
      }),
    },
    '/v1/admin/executions/{flowExecutionId}/messages': {
      parameters: [executionIdInPath],
      put: operation('importHistory', 'Import an exported history, completely or not at all', {
        requestBody: importBody,
        responses: {
          '200': json('The imported execution, which is served from now on.', 'ImportedExecution', notStored),
          ...refused([...ABOUT_ONE, 'RequestTimeout', 'Conflict', 'PayloadTooLarge'], PUT),
        },
      }),
    },
    '/v1/admin/executions/{flowExecutionId}': {
      parameters: [executionIdInPath],
      get: operation('showExecution', 'Show the current readers of an execution, and its archive', {
        responses: {
          '200': json('The current state.', 'ExecutionState', notStored),
          ...refused(
            // If the store is unavailable, the answer is still a 200, but without `archived`.
            ABOUT_ONE.filter((code) => code !== 'StoreUnavailable'),
            EXECUTION,
          ),
        },
      }),
      delete: operation('forgetExecution', 'Delete the archived history of an execution', {
        responses: { '204': empty('Deleted.', notStored), ...refused(ABOUT_ONE, EXECUTION) },
      }),
    },
    '/v1/admin/probe': {
      post: operation('probe', 'Find out whether the sources and the store can be reached', {
        description:
          'Sends each source one signed call for an execution that cannot exist. Also writes and reads one entry of the store. ' +
          'A wrong AWS secret, a missing permission or a wrong region shows up here, with the code and the reason that AWS returned.',
        responses: {
          '200': json(
            'The result of each call. The status is 200 even if a call failed.',
            'Probe',
            notStored,
          ),
          ...refused(
            EVERY.filter((code) => code !== 'StoreUnavailable'),
            POST,
          ),
        },
      }),
    },
  };
}
