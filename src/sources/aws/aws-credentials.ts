/**
 * The port for the credentials of upstream calls. A provider is called before each attempt, so that expiring
 * keys (STS AssumeRole) work like permanent ones. The provider caches credentials; its callers do not.
 */
import { ok, type Result, type SourceFailure } from '../../core/errors.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export type AwsCredentialsProvider = () => Promise<Result<AwsCredentials, SourceFailure>>;

/** Provides the keys from the settings, which never change. */
export const staticCredentials = (credentials: AwsCredentials): AwsCredentialsProvider => {
  const answer = ok(credentials);
  return () => Promise.resolve(answer);
};
