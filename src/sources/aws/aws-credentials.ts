/**
 * Where the credentials of upstream calls come from: a provider, asked before each attempt, so that keys which expire
 * (STS AssumeRole) are as good as keys which do not. A provider caches; whoever calls it does not.
 */
import { ok, type Result, type SourceFailure } from '../../core/errors.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export type AwsCredentialsProvider = () => Promise<Result<AwsCredentials, SourceFailure>>;

/** Keys from the settings, for ever the same. */
export const staticCredentials = (credentials: AwsCredentials): AwsCredentialsProvider => {
  const answer = ok(credentials);
  return () => Promise.resolve(answer);
};
