/**
 * Failures as exceptions of the AWS JSON protocol. The exhaustive switch here is the second of two (problem.ts has the
 * other): a new failure does not compile until it has an exception. What decides is what AWS's clients do with it: they
 * retry ThrottlingException and whatever has status 500, and nothing else; so what passes by itself is one of these two,
 * and what does not is neither. Their retries don't read `Retry-After`, so the seconds stand in the text.
 *
 * Sources: botocore's model iotthingsgraph/2018-09-06 (InvalidRequestException, ResourceNotFoundException,
 * ThrottlingException, InternalFailureException); AWS's common errors for the rest;
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
 */
import { FAILED_AUTHENTICATIONS, RATE_TIERS } from '../../access/limits/rate-limit.ts';
import type { Failure } from '../../core/errors.ts';
import { overloadText } from '../problem.ts';

export const AWS_JSON = 'application/x-amz-json-1.1';

/** What only this protocol can fail with: a body that is no JSON object, or a member of another JSON type. */
export interface UnreadableInput {
  readonly type: 'unreadable-input';
  readonly detail: string;
}

export type ExceptionName =
  | 'InvalidRequestException'
  | 'ResourceNotFoundException'
  | 'ThrottlingException'
  | 'InternalFailureException'
  | 'UnrecognizedClientException'
  | 'AccessDeniedException'
  | 'UnknownOperationException'
  | 'SerializationException';

export interface AwsException {
  readonly name: ExceptionName;
  /** For whoever reads the client's stack trace: what to change. Never any text of the caller's or of the upstream's. */
  readonly message: string;
}

/**
 * All three, because boto3 that finds credentials in its environment silently ignores a lone aws_session_token, and sends
 * the process's own token of AWS here. Not the environment, because then every other client would send the key to AWS.
 */
const HOW_TO_GIVE_THE_KEY =
  'Give the API key as session token, and all three arguments in the constructor of the client: ' +
  'aws_access_key_id="flowtap", aws_secret_access_key="unused", aws_session_token=<API key> in boto3; ' +
  'credentials: { accessKeyId: "flowtap", secretAccessKey: "unused", sessionToken: <API key> } in JavaScript; ' +
  'a profile of its own for the AWS CLI. Given fewer, a client takes AWS credentials from its environment instead.';

const { standard, high } = RATE_TIERS;

export function awsException(failure: Failure | UnreadableInput): AwsException {
  switch (failure.type) {
    case 'unreadable-input':
      return { name: 'SerializationException', message: failure.detail };
    case 'unsupported-media-type':
      return { name: 'SerializationException', message: `Send the body as ${failure.expected}.` };
    case 'invalid-input':
      return {
        name: 'InvalidRequestException',
        message: failure.errors.map(({ name, detail }) => `${name}: ${detail}`).join(' '),
      };
    case 'body-too-large':
      return {
        name: 'InvalidRequestException',
        message: `The body of a request may have ${failure.maxBytes} bytes at the most.`,
      };
    case 'history-changed':
      return {
        name: 'InvalidRequestException',
        message:
          'nextToken: the history that it comes from has been replaced. Read again from the start, without nextToken.',
      };
    case 'upstream-invalid-request':
    case 'upstream-invalid-token':
      return {
        name: 'InvalidRequestException',
        message: 'The upstream service refused the request as invalid. Check the flowExecutionId.',
      };
    case 'conflict':
      return { name: 'InvalidRequestException', message: failure.detail };
    case 'key-in-url':
      return {
        name: 'InvalidRequestException',
        message:
          'The URL carries an API key. URLs end up in logs: rotate this key, and leave it out of endpoint_url. ' +
          HOW_TO_GIVE_THE_KEY,
      };
    case 'conflicting-credentials':
      return {
        name: 'InvalidRequestException',
        message:
          'The request carries two different credentials. The session token is the only one that is needed.',
      };
    case 'missing-credentials':
      return {
        name: 'UnrecognizedClientException',
        message: `The request carries no session token. ${HOW_TO_GIVE_THE_KEY}`,
      };
    case 'invalid-key':
    case 'invalid-ticket':
    case 'expired-ticket':
      return {
        name: 'UnrecognizedClientException',
        message:
          'The session token of the request is not an API key of this service, which is ftk_ and 49 more characters. ' +
          HOW_TO_GIVE_THE_KEY,
      };
    case 'revoked-key':
      return {
        name: 'UnrecognizedClientException',
        message: 'The API key was revoked. Ask the operator of this service for a new one.',
      };
    case 'expired-key':
      return {
        name: 'UnrecognizedClientException',
        message: 'The API key has expired. Ask the operator of this service for a new one.',
      };
    case 'execution-forbidden':
      return {
        name: 'AccessDeniedException',
        message:
          'The API key may not read this flowExecutionId. Ask the operator of this service to add it to the ' +
          "key's executions; GET /v1/key shows which ones it has.",
      };
    case 'source-forbidden':
      return {
        name: 'AccessDeniedException',
        message: 'This service does not read executions of that AWS account and region.',
      };
    case 'operation-forbidden':
      return { name: 'AccessDeniedException', message: failure.detail };
    case 'upstream-not-found':
      return {
        name: 'ResourceNotFoundException',
        message: 'Neither the archive nor the upstream service knows this flowExecutionId.',
      };
    case 'no-such-record':
      return { name: 'ResourceNotFoundException', message: failure.detail };
    case 'rate-limited':
      if (failure.because === 'wrong-credentials') {
        return {
          name: 'ThrottlingException',
          message:
            `${FAILED_AUTHENTICATIONS.requests} requests with a wrong API key came from this address within ` +
            `${FAILED_AUTHENTICATIONS.periodSeconds} s, so no more are looked at. Correct it, and come back in ` +
            `${failure.retryAfterSeconds} s. ${HOW_TO_GIVE_THE_KEY}`,
        };
      }
      if (failure.because === 'unverified-keys') {
        return {
          name: 'ThrottlingException',
          message: `Too many requests at once came from this address, with keys that were not seen here before. Come back in ${failure.retryAfterSeconds} s.`,
        };
      }
      return {
        name: 'ThrottlingException',
        message:
          `Too many requests of this key. Come back in ${failure.retryAfterSeconds} s. A key may send ` +
          `${standard.requests} requests in ${standard.periodSeconds} s, in the tier "high" ${high.requests}: ask for larger ` +
          'pages (maxResults up to 250), or follow the execution through its event stream.',
      };
    case 'upstream-throttled':
      return {
        name: 'ThrottlingException',
        message: `The upstream service takes no more requests for now. Come back in ${failure.retryAfterSeconds} s.`,
      };
    case 'overloaded':
      return {
        name: 'ThrottlingException',
        message: `${overloadText(failure)} Come back in ${failure.retryAfterSeconds} s.`,
      };
    case 'too-many-streams':
      return {
        name: 'ThrottlingException',
        message: `This key has as many streams as it may have just now. Come back in ${failure.retryAfterSeconds} s.`,
      };
    case 'no-such-route':
    case 'method-not-allowed':
      return {
        name: 'UnknownOperationException',
        message:
          'This service answers one operation of AWS IoT Things Graph, ListFlowExecutionMessages, at POST /.' +
          (failure.type === 'no-such-route' && failure.operation
            ? ''
            : ' Give the address without a path: endpoint_url in Python, endpoint in JavaScript.'),
      };
    case 'upstream-internal':
    case 'upstream-timeout':
    case 'upstream-broken':
    case 'upstream-too-large':
      return {
        name: 'InternalFailureException',
        message: 'The upstream service could not answer. Try again later.',
      };
    case 'store-unavailable':
      return {
        name: 'InternalFailureException',
        message: 'The store of this service could not be read. Try again.',
      };
    case 'not-configured':
      return {
        name: 'InternalFailureException',
        message: 'This service is not configured. Its operator finds what is missing in the log.',
      };
    case 'internal':
      return {
        name: 'InternalFailureException',
        message: 'Something went wrong here. The operator finds it in the log under the request id.',
      };
  }
}

/** Clients retry a 500 and not a 400, whatever the name says; all that the protocol means by its statuses is whose fault it is. */
const statusOf = (name: ExceptionName): number => (name === 'InternalFailureException' ? 500 : 400);

/** botocore finds the name in the body alone, other clients in the header first. */
export function awsRefusal(failure: Failure | UnreadableInput, requestId: string): Response {
  const { name, message } = awsException(failure);
  return awsAnswer({ __type: name, message }, requestId, statusOf(name), { 'x-amzn-ErrorType': name });
}

export const awsAnswer = (
  body: object,
  requestId: string,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: {
      'Content-Type': AWS_JSON,
      'Cache-Control': 'no-store',
      'x-amzn-RequestId': requestId,
      ...headers,
    },
  });
