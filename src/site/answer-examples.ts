/** An example of each JSON answer. All examples share one execution and one key. */
import type { AnswerName, AnswerOf } from './answers.ts';
import {
  CURSOR_EXAMPLE,
  FLOW_EXAMPLE,
  ID_EXAMPLE,
  KEY_ID_EXAMPLE,
  LIST_CURSOR_EXAMPLE,
} from './example-values.ts';

const EXECUTIONS_EXAMPLE = ['urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_*'];

export const messageExample: AnswerOf<'Message'> = {
  messageId: '0',
  eventType: 'EXECUTION_STARTED',
  timestamp: '2019-05-30T20:19:00.656Z',
  payload: 'Flow execution started',
};

const archived: AnswerOf<'ArchivedExecution'> = {
  flowExecutionId: ID_EXAMPLE,
  source: 'things-graph',
  status: 'FAILED',
  messageCount: 21,
  startedAt: '2019-05-30T20:19:00.656Z',
  endedAt: '2019-05-30T20:19:12.156Z',
  archivedAt: '2019-05-30T20:19:23.004Z',
  final: true,
  imported: false,
};

export const listedExample: AnswerOf<'LiveListExecution'> = {
  flowExecutionId: ID_EXAMPLE,
  flow: FLOW_EXAMPLE,
  name: '2019-05-11T19:39:55.317Z_MotionSensor_69b151ad-a611-42f5-ac21-fe537f9868ad',
  source: 'things-graph',
  status: 'FAILED',
  startedAt: '2019-05-30T20:19:00.656Z',
  endedAt: '2019-05-30T20:19:12.156Z',
  durationMs: 11_500,
  archived: true,
  final: true,
};

const key: AnswerOf<'Key'> = {
  id: KEY_ID_EXAMPLE,
  name: 'security cameras, back end',
  owner: 'devices@example.com',
  status: 'active',
  createdAt: '2026-11-22T15:31:24.102Z',
  lastUsedAt: '2026-11-22T16:00:00.000Z',
  executions: EXECUTIONS_EXAMPLE,
  payloads: 'full',
  tickets: true,
  tier: 'standard',
  streamLimit: 100,
  totalStreamLimit: 1000,
  credentials: [{ id: `${KEY_ID_EXAMPLE}qK`, createdAt: '2026-11-22T15:31:24.102Z' }],
};

/**
 * The examples, by the name of the answer's schema. Examples of problems and stream events are in
 * problem-examples.ts, stream-events.ts and list-events.ts.
 */
export const answerExamples = {
  Page: { messages: [messageExample], nextToken: CURSOR_EXAMPLE, cursor: CURSOR_EXAMPLE, status: 'RUNNING' },
  Summary: {
    flowExecutionId: ID_EXAMPLE,
    source: 'things-graph',
    status: 'FAILED',
    startedAt: '2019-05-30T20:19:00.656Z',
    endedAt: '2019-05-30T20:19:12.156Z',
    durationMs: 11_500,
    messageCount: 21,
    failure: {
      messageId: '17',
      eventType: 'STEP_FAILED',
      timestamp: '2019-05-30T20:19:12.056Z',
      step: 'Step3Upload',
      cause: 'The camera did not answer',
      cursor: CURSOR_EXAMPLE,
    },
    final: true,
    archivedAt: '2019-05-30T20:19:23.004Z',
  },
  Flows: {
    flows: [
      {
        flow: 'arn:aws:states:us-west-2:123456789012:stateMachine:SecurityFlow',
        source: 'step-functions',
        name: 'SecurityFlow',
      },
      { flow: FLOW_EXAMPLE, source: 'things-graph', name: 'SecurityFlow' },
    ],
  },
  ExecutionList: { executions: [listedExample], nextToken: LIST_CURSOR_EXAMPLE },
  ChildList: { executions: [{ ...listedExample, step: 'PlaceOrder' }], nextToken: LIST_CURSOR_EXAMPLE },
  Ticket: {
    ticket: 'eyJhbGciOiJIUzI1NiJ9.…',
    expiresAt: '2026-11-22T15:41:24.000Z',
    streamUrl: `https://flowtap.example.com/v1/executions/${encodeURIComponent(ID_EXAMPLE)}/messages?ticket=eyJhbGciOiJIUzI1NiJ9.…`,
  },
  OwnKey: {
    id: KEY_ID_EXAMPLE,
    name: 'security cameras, back end',
    executions: EXECUTIONS_EXAMPLE,
    payloads: 'full',
    tickets: true,
    tier: 'standard',
    limits: { requests: 100, periodSeconds: 10, streamsPerExecution: 100, streams: 1000 },
    allowed: true,
  },
  Key: key,
  RevokedKey: { ...key, status: 'revoked', revokedAt: '2026-11-22T15:41:24.000Z' },
  IssuedKey: { key: `ftk_${KEY_ID_EXAMPLE}qK_…`, credentialId: `${KEY_ID_EXAMPLE}qK`, ...key },
  KeyList: { keys: [key], cursor: 'a2V5' },
  ArchivedExecution: archived,
  ImportedExecution: { ...archived, imported: true, warnings: [{ code: 'DuplicateMessageId', line: 18 }] },
  ExecutionState: {
    flowExecutionId: ID_EXAMPLE,
    source: 'things-graph',
    streams: 3,
    waiting: 1,
    upstream: 'ok',
    pollIntervalMs: 1_000,
    readAt: '2026-11-22T15:31:24.102Z',
  },
  ArchivedExecutionList: { executions: [archived], cursor: 'YXJj' },
  Probe: {
    sources: [
      {
        source: 'things-graph',
        region: 'us-west-2',
        ok: false,
        ms: 184,
        code: 'UnrecognizedClientException',
        reason:
          'ListFlowExecutionMessages: HTTP 400, UnrecognizedClientException: The security token included in the request is invalid.',
      },
      { source: 'step-functions', region: 'us-west-2', account: '123456789012', ok: true, ms: 93 },
    ],
    lists: [
      {
        source: 'step-functions',
        region: 'us-west-2',
        account: '123456789012',
        action: 'states:ListStateMachines',
        ok: true,
        ms: 88,
      },
    ],
    store: { ok: true, ms: 12 },
  },
  AwsPage: {
    messages: [{ ...messageExample, timestamp: Date.parse(messageExample.timestamp ?? '') / 1_000 }],
    nextToken: CURSOR_EXAMPLE,
  },
  Health: { status: 'ok', version: '0.1.0' },
} as const satisfies { readonly [N in AnswerName]?: AnswerOf<N> };

/** The JSON answers that are not problems. */
export type JsonAnswerName = keyof typeof answerExamples;
