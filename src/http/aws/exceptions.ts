/**
 * Failures as exceptions of the AWS JSON protocol, made from the catalogue in problems/, whose entries name the exception.
 *
 * Sources: botocore's model iotthingsgraph/2018-09-06 (InvalidRequestException, ResourceNotFoundException,
 * ThrottlingException, InternalFailureException); AWS's common errors for the rest;
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
 */
import type { Failure } from '../../core/errors.ts';
import { problemEntry } from '../../problems/problem-catalogue.ts';
import { type ExceptionName, resolve } from '../../problems/problem-entry.ts';

export const AWS_JSON = 'application/x-amz-json-1.1';

/** A failure of this protocol only: the body is not a JSON object, or a member has the wrong JSON type. */
export interface UnreadableInput {
  readonly type: 'unreadable-input';
  readonly detail: string;
}

export interface AwsException {
  readonly name: ExceptionName;
  /** For the reader of the client's stack trace: what is wrong, then what to do. */
  readonly message: string;
}

export function awsException(failure: Failure | UnreadableInput): AwsException {
  if (failure.type === 'unreadable-input') return { name: 'SerializationException', message: failure.detail };
  const { exception, awsMessage, detail } = problemEntry(failure);
  return { name: exception, message: resolve(awsMessage ?? detail, failure) };
}

/** AWS clients retry a 500 and not a 400, whatever the exception. The protocol itself only tells whose fault it is. */
const statusOf = (name: ExceptionName): number => (name === 'InternalFailureException' ? 500 : 400);

/** botocore reads the exception's name from the body only, other clients from the header first. */
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
