/**
 * How Step Functions answers: JSON 1.0, and its names of failures. Operations name failures of single members themselves
 * (InvalidArn, InvalidToken).
 *
 * Sources: botocore's model stepfunctions/2016-11-23; AWS's common errors for the rest.
 */
import type { Failure } from '../../../core/errors.ts';
import { keyMayNotRead } from '../../../problems/permission-problems.ts';
import { problemEntry } from '../../../problems/problem-catalogue.ts';
import { type ExceptionName, resolve } from '../../../problems/problem-entry.ts';
import { requestProblems } from '../../../problems/request-problems.ts';
import type { AwsDialect, AwsException } from '../aws-answer.ts';

/** In place of the catalogue's names, which are those of Things Graph. */
const NAMES: Partial<Record<ExceptionName, string>> = {
  InvalidRequestException: 'ValidationException',
  ResourceNotFoundException: 'ExecutionDoesNotExist',
};

const REPLACED: AwsException = {
  name: 'InvalidToken',
  message: requestProblems['history-changed'].awsMessage,
};

type OwnException<T extends Failure['type']> = (
  failure: Extract<Failure, { readonly type: T }>,
) => AwsException | undefined;

/** The failures whose name or text differs from the catalogue's. Undefined: as in the catalogue. */
const OWN: { readonly [T in Failure['type']]?: OwnException<T> } = {
  'upstream-not-found': ({ executionId }) => ({
    name: 'ExecutionDoesNotExist',
    message: `Execution Does Not Exist: '${executionId}'. Neither the archive nor Step Functions knows it.`,
  }),
  'upstream-invalid-request': () => ({
    name: 'InvalidArn',
    message: 'Invalid Arn: Step Functions rejected the request. Check the ARN.',
  }),
  'upstream-invalid-token': () => REPLACED,
  'history-changed': () => REPLACED,
  'execution-forbidden': () => ({
    name: 'AccessDeniedException',
    message: keyMayNotRead('this executionArn'),
  }),
  // The data is encrypted with a customer's key, which the operator's credentials may not use.
  'upstream-broken': ({ awsCode = '' }) =>
    awsCode.startsWith('Kms')
      ? {
          name: awsCode,
          message:
            'The data of this execution is encrypted with a KMS key that this service cannot use just now. ' +
            'The operator finds the details in the log.',
        }
      : undefined,
};

export const stepFunctionsDialect: AwsDialect = {
  contentType: 'application/x-amz-json-1.0',
  exceptionOf: (failure) => {
    // Safety: the entry of a type takes the failures of that type.
    const own = (OWN[failure.type] as OwnException<Failure['type']> | undefined)?.(failure);
    if (own) return own;
    const { exception, awsMessage, detail } = problemEntry(failure);
    return { name: NAMES[exception] ?? exception, message: resolve(awsMessage ?? detail, failure) };
  },
};
