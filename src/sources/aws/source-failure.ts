/** Converts the failure of a call to AWS into a failure of the source that made the call. */
import type { SourceFailure } from '../../core/errors.ts';
import type { AwsCallFailure } from './aws-answer.ts';

/**
 * The AWS errors that are caused by the request itself: AWS's error name, and the failure that it becomes.
 */
export type ClientErrors = ReadonlyMap<
  string,
  'upstream-invalid-request' | 'upstream-invalid-token' | 'upstream-not-found'
>;

/**
 * Errors that are not in `clientErrors` are caused by Flowtap's settings (credentials, signature, clock),
 * never by the caller.
 */
export const sourceFailure = (failure: AwsCallFailure, clientErrors: ClientErrors): SourceFailure =>
  failure.type === 'aws-error'
    ? {
        type: clientErrors.get(failure.name) ?? 'upstream-broken',
        internal: failure.internal,
        awsCode: failure.name,
      }
    : failure;
