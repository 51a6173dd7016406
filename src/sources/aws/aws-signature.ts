/**
 * Signature Version 4 over a POST, by aws4fetch. Service and region are always named: aws4fetch guesses them
 * wrongly for hosts that are not AWS's own. Signs every given header, content-type included (aws4fetch leaves
 * it out by default), so pass only headers that the service reads.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { AwsV4Signer } from 'aws4fetch';
import type { AwsCredentials } from './aws-credentials.ts';

/**
 * Derived signing keys kept for reuse; each costs four HMACs. Each day needs a new one, and so does each set
 * of temporary credentials, so only a few are in use at a time.
 */
export const SIGNING_KEYS_MAX = 16;

export interface AwsRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Returns the headers to send: those given, X-Amz-Date, X-Amz-Security-Token where there is one,
 * Authorization.
 */
export type AwsSigner = (request: AwsRequest, credentials: AwsCredentials, nowMs: number) => Promise<Headers>;

/** Keeps derived keys in `signingKeys`, at most `SIGNING_KEYS_MAX` of them. */
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
    // Cleared only after a key was added, so that a full set is still used.
    if (signingKeys.size > SIGNING_KEYS_MAX) signingKeys.clear();
    return signed;
  };
}

/** `20150830T123600Z`. */
const amzDate = (nowMs: number): string =>
  `${new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[:-]/g, '')}Z`;
