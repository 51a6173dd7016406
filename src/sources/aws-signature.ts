/**
 * Signature Version 4 over a POST, by aws4fetch. Service and region are always named: aws4fetch guesses them wrongly for
 * hosts that are not AWS's own. Every header given is signed, content-type too (aws4fetch leaves it out unless told), so
 * give only those that mean something to the service.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { AwsV4Signer } from 'aws4fetch';
import type { AwsCredentials } from './aws-credentials.ts';

/**
 * Derived signing keys kept for reuse; each costs four HMACs. One is new each day, and one for each set of temporary
 * credentials, so that a few at a time are of use.
 */
export const SIGNING_KEYS_MAX = 16;

export interface AwsRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Returns the headers to send: those given, X-Amz-Date, X-Amz-Security-Token where there is one, Authorization. */
export type AwsSigner = (request: AwsRequest, credentials: AwsCredentials, nowMs: number) => Promise<Headers>;

export function createAwsSigner(service: string, region: string): AwsSigner {
  const signingKeys = new Map<string, ArrayBuffer>();
  return async ({ url, headers, body }, { accessKeyId, secretAccessKey, sessionToken }, nowMs) => {
    if (signingKeys.size >= SIGNING_KEYS_MAX) signingKeys.clear();
    const signer = new AwsV4Signer({
      method: 'POST',
      url: url.href,
      headers: { ...headers },
      body,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service,
      region,
      cache: signingKeys,
      datetime: amzDate(nowMs),
      allHeaders: true,
    });
    return (await signer.sign()).headers;
  };
}

/** `20150830T123600Z`. */
const amzDate = (nowMs: number): string =>
  `${new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[:-]/g, '')}Z`;
