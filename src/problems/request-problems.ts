/** Problems for requests that are malformed, or that ask for something that does not exist or has changed. */
import type { DocumentationOf, ProblemEntries } from './problem-entry.ts';

const REJECTED_UPSTREAM = {
  code: 'InvalidRequestException',
  title: 'Invalid request',
  detail: 'The upstream service rejected the request as invalid. Check the flowExecutionId.',
  exception: 'InvalidRequestException',
} as const;

/** The message for AWS clients if a token belongs to a history that was replaced. */
const TOKEN_OF_REPLACED =
  'nextToken: the history that it belongs to has been replaced. Read again from the start, without nextToken.';
const INVALID_TOKEN = { exception: 'InvalidToken', message: TOKEN_OF_REPLACED } as const;

const AWS_OPERATIONS =
  'At POST /, this service answers ListFlowExecutionMessages of AWS IoT Things Graph, and these of AWS Step Functions: ' +
  'GetExecutionHistory, DescribeExecution, ListExecutions and ListStateMachines.';
const ADDRESS_WITHOUT_PATH =
  ' Give the address without a path: endpoint_url in Python, endpoint in JavaScript.';

export const requestProblems = {
  'invalid-input': {
    code: 'InvalidRequestException',
    title: 'Invalid request',
    detail: ({ errors }) => errors.map(({ name, detail }) => `${name}: ${detail}`).join(' '),
    exception: 'InvalidRequestException',
  },
  'upstream-invalid-request': {
    ...REJECTED_UPSTREAM,
    stepFunctions: ({ awsCode }) =>
      awsCode === 'StateMachineTypeNotSupported'
        ? {
            exception: awsCode,
            message: 'The executions of an EXPRESS state machine cannot be listed. See its CloudWatch logs.',
          }
        : {
            exception: 'InvalidArn',
            message: 'Invalid Arn: Step Functions rejected the request. Check the ARN.',
          },
  },
  'upstream-invalid-token': { ...REJECTED_UPSTREAM, stepFunctions: INVALID_TOKEN },
  'no-such-route': {
    code: 'NotFound',
    title: 'Path not found',
    detail: 'This path does not exist. See /docs for the API.',
    exception: 'UnknownOperationException',
    awsMessage: ({ operation }) => (operation ? AWS_OPERATIONS : AWS_OPERATIONS + ADDRESS_WITHOUT_PATH),
  },
  'no-such-record': {
    code: 'NotFound',
    title: 'Not found',
    detail: ({ detail }) => detail,
    exception: 'ResourceNotFoundException',
  },
  'method-not-allowed': {
    code: 'MethodNotAllowed',
    title: 'Method not allowed',
    detail: ({ allow }) => `This path accepts ${allow.join(', ')}.`,
    headers: ({ allow }) => ({ Allow: allow.join(', ') }),
    exception: 'UnknownOperationException',
    awsMessage: AWS_OPERATIONS + ADDRESS_WITHOUT_PATH,
  },
  conflict: {
    code: 'Conflict',
    title: 'Conflict',
    detail: ({ detail }) => detail,
    exception: 'InvalidRequestException',
  },
  'history-changed': {
    code: 'HistoryChanged',
    title: 'The history has changed',
    detail:
      'The history that this cursor belongs to has been replaced. Read again from the start, without a cursor.',
    exception: 'InvalidRequestException',
    awsMessage: TOKEN_OF_REPLACED,
    stepFunctions: INVALID_TOKEN,
  },
  'body-too-large': {
    code: 'PayloadTooLarge',
    title: 'Body too large',
    detail: ({ maxBytes }) => `The request body may have at most ${maxBytes} bytes.`,
    exception: 'InvalidRequestException',
  },
  'body-too-slow': {
    code: 'RequestTimeout',
    title: 'Body too slow',
    detail: 'The request body did not arrive in time. Send it again, without pauses.',
    exception: 'InvalidRequestException',
  },
  'unsupported-media-type': {
    code: 'UnsupportedMediaType',
    title: 'Unsupported media type',
    detail: ({ expected }) => `Send the body as ${expected}.`,
    exception: 'SerializationException',
  },
  'encoded-body': {
    code: 'UnsupportedMediaType',
    title: 'Compressed body',
    detail:
      'The body has a Content-Encoding, which is not supported. Send it without compression and without that header.',
    // RFC 9110, 15.5.16.
    headers: { 'Accept-Encoding': 'identity' },
    exception: 'SerializationException',
  },
} as const satisfies Partial<ProblemEntries>;

export const requestDocumentation: DocumentationOf<typeof requestProblems> = {
  InvalidRequestException: {
    meaning: 'The request is invalid.',
    cause:
      'A parameter, the execution id or the body is malformed, out of range or given twice. Or the upstream service rejected ' +
      'the request.',
    action: 'See errors[]: each entry names one input and its rule.',
    examples: {
      'invalid-input': {
        type: 'invalid-input',
        errors: [{ in: 'query', name: 'maxResults', detail: 'must be a whole number from 1 to 250.' }],
      },
      'upstream-invalid-request': { type: 'upstream-invalid-request', internal: 'for the log' },
      'upstream-invalid-token': { type: 'upstream-invalid-token', internal: 'for the log' },
    },
  },
  NotFound: {
    meaning: 'The path or the record does not exist.',
    cause: 'The path or the id is mistyped, or the admin API is disabled.',
    action: 'See /docs for all paths.',
    examples: {
      'no-such-record': { type: 'no-such-record', detail: 'This key does not exist.' },
      'no-such-route': { type: 'no-such-route' },
    },
  },
  MethodNotAllowed: {
    meaning: 'The path exists, but does not accept this method.',
    cause: 'For example, a POST to a path that only serves GET.',
    action: 'Use one of the methods in the Allow header.',
    examples: {
      'method-not-allowed': { type: 'method-not-allowed', allow: ['GET', 'HEAD', 'OPTIONS'] },
    },
  },
  Conflict: {
    meaning: 'The request conflicts with the current state.',
    cause: 'The key is revoked, has too many rotations in progress, or is being changed by another request.',
    action: 'See detail.',
    examples: {
      conflict: { type: 'conflict', detail: 'The key is revoked for good. Create a new one.' },
    },
  },
  HistoryChanged: {
    meaning: 'The history that the cursor belongs to has been replaced.',
    cause: 'The upstream service now has another history under this id, or another one was imported.',
    action:
      'Read again from the start, without a cursor. Event streams restart by themselves, after a reset event.',
    examples: { 'history-changed': { type: 'history-changed' } },
  },
  PayloadTooLarge: {
    meaning: 'The request body is too large.',
    cause: 'The limit is 64 KiB, for imports 100 MiB.',
    action: 'Send a smaller body.',
    examples: { 'body-too-large': { type: 'body-too-large', maxBytes: 65_536 } },
  },
  RequestTimeout: {
    meaning: 'The request body did not arrive in time.',
    cause:
      'Nothing arrived for 10 seconds, or the body was incomplete after 30 seconds. Imports may pause for 30 seconds and take 15 minutes.',
    action: 'Send the request again.',
    examples: { 'body-too-slow': { type: 'body-too-slow' } },
  },
  UnsupportedMediaType: {
    meaning: 'The body has a media type or an encoding that is not supported.',
    cause: 'A form or plain text was sent instead of JSON, or the body is compressed.',
    action: 'Send the body as application/json, without Content-Encoding.',
    examples: {
      'unsupported-media-type': { type: 'unsupported-media-type', expected: 'application/json' },
      'encoded-body': { type: 'encoded-body' },
    },
  },
};
