/**
 * Signs POST requests with Signature Version 4, using aws4fetch. Service and region are always passed,
 * because aws4fetch guesses them wrongly for hosts that are not AWS's own. All given headers are signed, also
 * content-type, which aws4fetch omits by default. So pass only headers that the service reads.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { AwsV4Signer } from 'aws4fetch';
import type { AwsCredentials } from './aws-credentials.ts';

/**
 * Maximum number of cached signing keys. Deriving one costs four HMACs. Each day and each set of temporary
 * credentials needs a new key, so only a few are in use at a time.
 */
export const SIGNING_KEYS_MAX = 16;

export interface AwsRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Returns the headers to send: the given ones, X-Amz-Date, Authorization, and X-Amz-Security-Token if the
 * credentials have a session token.
 */
export type AwsSigner = (request: AwsRequest, credentials: AwsCredentials, nowMs: number) => Promise<Headers>;

/** Caches derived keys in `signingKeys`, at most `SIGNING_KEYS_MAX` of them. */
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
    // Clear only above the maximum, so that a full cache is still used.
    if (signingKeys.size > SIGNING_KEYS_MAX) signingKeys.clear();
    return signed;
  };
}

/** Formats a time as `20150830T123600Z`. */
const amzDate = (nowMs: number): string =>
  `${new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[:-]/g, '')}Z`;
