/**
 * Checks a request's Signature Version 4 as AWS does: first header, date and scope (authorization-header.ts),
 * then the key, then the signature. The signature is recomputed with AWS's own library, over the headers that
 * the caller signed. Accepted services, regions and keys are parameters.
 */
import { timingSafeEqual } from 'node:crypto';
import { Sha256 } from '@aws-crypto/sha256-js';
import { createScope, getCanonicalHeaders, getSigningKey, SignatureV4Base } from '@smithy/signature-v4';
import { hex } from './hex.ts';
import { checkDate, checkScope, parseAuthorization } from './authorization-header.ts';
import { awsError, type AwsResult } from './aws-answer.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** If present, requests must include this token. */
  readonly sessionToken?: string;
  /** When the credentials expire, in milliseconds since the epoch. If absent, they never expire. */
  readonly expiresAtMs?: number;
}

export interface SignatureRules {
  readonly nowMs: number;
  /** The expected service in the credential scope. */
  readonly service: string;
  readonly regions: readonly string[];
  credentials(accessKeyId: string): Credentials | undefined;
}

type HeaderValues = Record<string, string>;

/**
 * Computes a signature with the library's protected methods, because the library can sign requests but cannot
 * verify them.
 */
class Recomputation extends SignatureV4Base {
  readonly #credentials: Credentials;

  constructor(credentials: Credentials, service: string, region: string) {
    super({ credentials, service, region, sha256: Sha256 });
    this.#credentials = credentials;
  }

  async signature(
    url: URL,
    headers: HeaderValues,
    body: Uint8Array,
    date: string,
    region: string,
  ): Promise<string> {
    const { host: hostname, protocol, pathname: path } = url;
    const query: Record<string, string[]> = {};
    for (const [name, value] of url.searchParams) (query[name] ??= []).push(value);
    const request = { method: 'POST', protocol, hostname, path, query, headers };
    const canonicalHeaders = getCanonicalHeaders(request, undefined, new Set(Object.keys(headers)));
    const canonicalRequest = this.createCanonicalRequest(request, canonicalHeaders, await sha256Hex(body));
    const day = date.slice(0, 8);
    const scope = createScope(day, region, this.service);
    const toSign = await this.createStringToSign(date, scope, canonicalRequest, 'AWS4-HMAC-SHA256');
    const mac = new Sha256(await getSigningKey(Sha256, this.#credentials, day, region, this.service));
    mac.update(toSign);
    return hex(await mac.digest());
  }
}

async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const hash = new Sha256();
  hash.update(bytes);
  return hex(await hash.digest());
}

/** The key that signed a request, and the region that it was signed for. */
export interface Signer {
  readonly accessKeyId: string;
  readonly region: string;
}

/** A token of RFC 9110, in lower case, as SignedHeaders requires. */
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

const MISMATCH = awsError(
  'InvalidSignatureException',
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
);

function sameText(a: string, b: string): boolean {
  const encoder = new TextEncoder();
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}

/**
 * Returns the signer if the request is signed as `rules` require, otherwise the error that AWS would return.
 */
export async function verifySignature(
  request: Request,
  body: Uint8Array,
  rules: SignatureRules,
): Promise<AwsResult<Signer>> {
  const header = request.headers.get('authorization');
  if (header === null) {
    return awsError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  const date = request.headers.get('x-amz-date');
  const authorization = parseAuthorization(header, date);
  if (!authorization.ok) return authorization;
  const { accessKeyId, scope, signedHeaders, signature } = authorization.value;

  const dateChecked = checkDate(date ?? '', rules.nowMs);
  if (!dateChecked.ok) return dateChecked;
  const scopeChecked = checkScope(scope, date ?? '', rules);
  if (!scopeChecked.ok) return scopeChecked;

  // Host and date must be signed, because unsigned headers could have been changed in transit.
  if (!signedHeaders.includes('host')) {
    return awsError(
      'InvalidSignatureException',
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    );
  }
  if (!signedHeaders.includes('x-amz-date')) {
    return awsError(
      'InvalidSignatureException',
      "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization.",
    );
  }

  const credentials = rules.credentials(accessKeyId);
  const token = request.headers.get('x-amz-security-token') ?? '';
  if (credentials === undefined || !sameText(token, credentials.sessionToken ?? '')) {
    return awsError('UnrecognizedClientException', 'The security token included in the request is invalid.');
  }

  if (credentials.expiresAtMs !== undefined && credentials.expiresAtMs <= rules.nowMs) {
    return awsError('ExpiredTokenException', 'The security token included in the request is expired');
  }

  const url = new URL(request.url);
  const headers: HeaderValues = {};
  for (const name of signedHeaders) {
    // A caller in the same process signs the URL's host but sends no Host header. Skip invalid header names:
    // they cannot have been sent, and `get` would throw.
    const value = HEADER_NAME.test(name)
      ? (request.headers.get(name) ?? (name === 'host' ? url.host : null))
      : null;
    if (value === null) return MISMATCH;
    headers[name] = value;
  }
  const recomputed = await new Recomputation(credentials, rules.service, scope[1]).signature(
    url,
    headers,
    body,
    date ?? '',
    scope[1],
  );
  return sameText(recomputed, signature) ? { ok: true, value: { accessKeyId, region: scope[1] } } : MISMATCH;
}
