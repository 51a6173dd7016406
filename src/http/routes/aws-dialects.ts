/**
 * Chooses the dialect of a request's answer. It is needed even if the request is refused before its operation
 * is known.
 */
import { type AwsDialect, awsRefusal } from '../aws/aws-answer.ts';
import type { Failure } from '../../core/errors.ts';
import { stepFunctionsDialect } from '../aws/step-functions/step-functions-dialect.ts';
import { thingsGraphDialect } from '../aws/things-graph/things-graph-dialect.ts';

export const STEP_FUNCTIONS_TARGET = 'AWSStepFunctions';
export const THINGS_GRAPH_TARGET = 'IotThingsGraphFrontEndService';

/** By the prefix of the target: a service accepts only its own version of the protocol. */
const dialectOf = ({ headers }: Pick<Request, 'headers'>): AwsDialect =>
  headers.get('X-Amz-Target')?.startsWith(`${STEP_FUNCTIONS_TARGET}.`)
    ? stepFunctionsDialect
    : thingsGraphDialect;

/** The counterpart of `problemResponse` for AWS clients. */
export const awsRefusalFor =
  (request: Pick<Request, 'headers'>) =>
  (failure: Failure, requestId: string): Response =>
    awsRefusal(dialectOf(request), failure, requestId);
