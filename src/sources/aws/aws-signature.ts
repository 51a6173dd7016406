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

/** `signingKeys` is where derived keys are kept; never more than `SIGNING_KEYS_MAX` of them. */
export function createAwsSigner(
  service: string,
  region: string,
  signingKeys = new Map<string, ArrayBuffer>(),
): AwsSigner {
  return async ({ url, headers, body }, { accessKeyId, secretAccessKey, sessionToken }, nowMs) => {
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
    const { headers: signed } = await signer.sign();
    // Only after a key was added, so that a full set goes on being used.
    if (signingKeys.size > SIGNING_KEYS_MAX) signingKeys.clear();
    return signed;
  };
}

/** `20150830T123600Z`. */
const amzDate = (nowMs: number): string =>
  `${new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[:-]/g, '')}Z`;
