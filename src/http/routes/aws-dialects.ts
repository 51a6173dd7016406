/**
 * Chooses the dialect of a response: its content type and exception names. This also works for requests that
 * are refused before their operation is known.
 */
import { type AwsDialect, awsRefusal } from '../aws/aws-answer.ts';
import type { Failure } from '../../core/errors.ts';
import { stepFunctionsDialect } from '../aws/step-functions/step-functions-dialect.ts';
import { thingsGraphDialect } from '../aws/things-graph/things-graph-dialect.ts';

export const STEP_FUNCTIONS_TARGET = 'AWSStepFunctions';
export const THINGS_GRAPH_TARGET = 'IotThingsGraphFrontEndService';

/**
 * Chooses by the prefix of the target, because clients of a service understand only that service's version of
 * the protocol.
 */
const dialectOf = ({ headers }: Pick<Request, 'headers'>): AwsDialect =>
  headers.get('X-Amz-Target')?.startsWith(`${STEP_FUNCTIONS_TARGET}.`)
    ? stepFunctionsDialect
    : thingsGraphDialect;

/** Converts failures to responses for AWS clients, as `problemResponse` does for others. */
export const awsRefusalFor =
  (request: Pick<Request, 'headers'>) =>
  (failure: Failure, requestId: string): Response =>
    awsRefusal(dialectOf(request), failure, requestId);
