/**
 * Builds responses of the AWS JSON protocol, versions 1.0 and 1.1. botocore reads the exception's name from
 * the body, other clients from the header.
 *
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
 */
import type { Failure, Result } from '../../core/errors.ts';
import { type AwsException, statusOfException } from '../../problems/aws-exceptions.ts';

export type AwsContentType = 'application/x-amz-json-1.0' | 'application/x-amz-json-1.1';

/** A failure that has no problem code: the operation itself chooses the exception. */
export interface AwsRefused extends AwsException {
  readonly type: 'aws-exception';
}

export type AwsResult<T> = Result<T, Failure | AwsRefused>;

export const refused = (
  name: AwsException['name'],
  message: string,
): { readonly ok: false; readonly failure: AwsRefused } => ({
  ok: false,
  failure: { type: 'aws-exception', name, message },
});

/** How responses of one AWS service look: the content type and the names of its exceptions. */
export interface AwsDialect {
  readonly contentType: AwsContentType;
  /** Converts a failure to the exception that this service has for it. */
  exceptionOf(failure: Failure): AwsException;
}

export function awsRefusal(
  { contentType, exceptionOf }: AwsDialect,
  failure: Failure | AwsRefused,
  requestId: string,
): Response {
  const { name, message } = failure.type === 'aws-exception' ? failure : exceptionOf(failure);
  const headers = { 'x-amzn-ErrorType': name };
  return awsAnswer(contentType, { __type: name, message }, requestId, statusOfException(name), headers);
}

export const awsAnswer = (
  contentType: AwsContentType,
  body: object,
  requestId: string,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: {
      'Content-Type': contentType,
      'Cache-Control': 'no-store',
      'x-amzn-RequestId': requestId,
      ...headers,
    },
  });
