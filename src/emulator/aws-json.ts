/**
 * The checks that AWS's JSON services have in common: method, size, content type, JSON, target, signature. They
 * run in the order of real services, which kinesalite's connection tests against AWS confirm. Operations check
 * their own input.
 */
import { errorAnswer, xmlErrorAnswer, type AwsErrorName } from './aws-answer.ts';
import { readBody } from './bounded-body.ts';
import type { Operation } from './operation.ts';
import { verifySignature, type Credentials, type Signer } from './signature.ts';

/**
 * More than any operation needs, and small enough to be harmless. AWS's limits differ by service, from 256 KiB
 * to 7 MiB.
 */
export const REQUEST_BYTES_MAX = 1024 * 1024;

/** The operations of all emulated services, and what they share. */
export interface AwsServices {
  readonly operations: readonly Operation[];
  nowMs(): number;
  credentials(accessKeyId: string): Credentials | undefined;
}

export type Admission =
  | {
      readonly admitted: true;
      readonly operation: Operation;
      readonly input: object;
      readonly signer: Signer;
    }
  | { readonly admitted: false; readonly reason: string; readonly response: Response };

const refuse = (name: AwsErrorName, contentType: string): Admission => ({
  admitted: false,
  reason: name,
  response: errorAnswer({ name }, contentType),
});

const refuseAsXml = (name: string, message: string | undefined, status: number): Admission => ({
  admitted: false,
  reason: name,
  response: xmlErrorAnswer(name, message, status),
});

const NO_OPERATION = 'Unable to determine service/operation name to be authorized';

export async function admit(request: Request, services: AwsServices): Promise<Admission> {
  if (request.method !== 'POST') {
    return request.headers.has('authorization')
      ? refuseAsXml('AccessDeniedException', NO_OPERATION, 403)
      : refuseAsXml('MissingAuthenticationTokenException', 'Missing Authentication Token', 403);
  }

  const body = await readBody(request, REQUEST_BYTES_MAX);
  if (body === undefined) {
    return { admitted: false, reason: 'RequestTooLarge', response: new Response(null, { status: 413 }) };
  }

  const target = request.headers.get('x-amz-target') ?? '';
  const operation = services.operations.find((known) => known.target === target);
  const contentType = (request.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';
  const spoken =
    operation === undefined
      ? services.operations.some((known) => known.contentType === contentType)
      : operation.contentType === contentType;
  if (!spoken) {
    return target === ''
      ? refuseAsXml('AccessDeniedException', NO_OPERATION, 403)
      : refuseAsXml('UnknownOperationException', undefined, 404);
  }

  const input = parseObject(body);
  // If the body is empty, report an unknown target rather than the missing JSON.
  if (input === undefined && (operation !== undefined || body.byteLength > 0)) {
    return refuse('SerializationException', contentType);
  }
  if (operation === undefined || input === undefined) return refuse('UnknownOperationException', contentType);

  const verified = await verifySignature(request, body, {
    nowMs: services.nowMs(),
    service: operation.signingService,
    regions: operation.regions,
    credentials: services.credentials,
  });
  if (!verified.ok) {
    return {
      admitted: false,
      reason: verified.error.name,
      response: errorAnswer(verified.error, contentType),
    };
  }
  return { admitted: true, operation, input, signer: verified.value };
}

function parseObject(body: Uint8Array): object | undefined {
  try {
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body),
    );
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
