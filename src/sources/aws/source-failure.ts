/** The failure of a call to AWS as a failure of the source that made it. */
import type { SourceFailure } from '../../core/errors.ts';
import type { AwsCallFailure } from './aws-answer.ts';

/** The failure for each error that the request caused, by AWS's name. */
export type ClientErrors = ReadonlyMap<
  string,
  'upstream-invalid-request' | 'upstream-invalid-token' | 'upstream-not-found'
>;

/**
 * Errors that `clientErrors` does not name are caused by our settings (credentials, signature, clock), never
 * by the caller.
 */
export const sourceFailure = (failure: AwsCallFailure, clientErrors: ClientErrors): SourceFailure =>
  failure.type === 'aws-error'
    ? {
        type: clientErrors.get(failure.name) ?? 'upstream-broken',
        internal: failure.internal,
        awsCode: failure.name,
      }
    : failure;
