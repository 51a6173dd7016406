/** The headers of answers. Each is described once, and answers refer to the description. */
import { securityHeaders, VARY } from '../http/response-headers.ts';
import { REQUEST_ID_EXAMPLE } from './example-values.ts';
import type { Json } from './json-schema.ts';

const text = { type: 'string' };
const seconds = { type: 'integer', minimum: 1 };

interface HeaderDescription {
  /** False if some answers lack the header. */
  readonly required?: false;
  readonly description: string;
  readonly schema: Json;
  readonly example: unknown;
}

/** A header with one fixed value. */
const constant = (description: string, value: string): HeaderDescription => ({
  description,
  schema: { type: 'string', const: value },
  example: value,
});

const secure = (name: string, description: string): HeaderDescription =>
  constant(description, securityHeaders[name] ?? '');

const headers = {
  'X-Request-Id': {
    description: 'The id of this request, which the operator finds in the log.',
    schema: { type: 'string', format: 'uuid' },
    example: REQUEST_ID_EXAMPLE,
  },
  'Strict-Transport-Security': secure(
    'Strict-Transport-Security',
    'Browsers use this service over TLS only.',
  ),
  'X-Content-Type-Options': secure('X-Content-Type-Options', 'Browsers must not guess another content type.'),
  'Referrer-Policy': secure('Referrer-Policy', 'Browsers must not send URLs of this service as referrer.'),
  'Access-Control-Allow-Origin': {
    required: false,
    description: 'The origin whose pages may read the answer. Absent if the request’s origin is not allowed.',
    schema: text,
    example: '*',
  },
  'Access-Control-Expose-Headers': {
    required: false,
    description: 'The headers that scripts of other origins may read.',
    schema: text,
    example: 'Retry-After,X-Request-Id,ETag,Link,Cache-Status',
  },
  'Cache-Control': {
    description: '`private, max-age=300` for final histories, else `private, no-cache`.',
    schema: text,
    example: 'private, no-cache',
  },
  'Cache-Status': {
    description:
      'RFC 9211: `hit`, `fwd=miss` or `fwd=miss; collapsed`, then `detail=memory`, `kv` or `live`.',
    schema: text,
    example: 'flowtap; hit; detail=memory',
  },
  ETag: {
    description: 'A strong ETag. Send it back as If-None-Match.',
    schema: text,
    example: '"FZ0mbCx4Ee6tLOlF3d5wFd"',
  },
  Link: {
    description: '`rel="next"`, if more messages exist now.',
    schema: text,
    example: '<?maxResults=50&cursor=AQAAAAIJ8DYXWibhWgA0RWzlmBapsEcq6OtPEiMz>; rel="next"',
  },
  Vary: { description: 'The request headers that the answer depends on.', schema: text, example: VARY },
  'X-Accel-Buffering': constant('Turns off buffering in nginx.', 'no'),
  'Retry-After': { description: 'Retry after this many seconds.', schema: seconds, example: 5 },
  'WWW-Authenticate': {
    description: 'RFC 6750: how to authenticate, or that the credential is invalid.',
    schema: text,
    example: 'Bearer realm="flowtap", error="invalid_token"',
  },
  Allow: { description: 'The methods of this path.', schema: text, example: 'GET, HEAD, OPTIONS' },
  'x-amzn-RequestId': {
    description: 'Equals X-Request-Id, under its AWS name.',
    schema: { type: 'string', format: 'uuid' },
    example: REQUEST_ID_EXAMPLE,
  },
  'x-amzn-ErrorType': {
    description: 'The name of the exception, as in `__type`.',
    schema: text,
    example: 'InvalidRequestException',
  },
} as const satisfies Readonly<Record<string, HeaderDescription>>;

export type HeaderName = keyof typeof headers;

/** Each answer describes these itself, so they are not shared components. */
const DESCRIBED_BY_ANSWERS: readonly string[] = ['Link', 'X-Accel-Buffering', 'Allow'];

/** The shared headers. They are required unless they say otherwise. */
export const headerComponents: Json = Object.fromEntries(
  Object.entries(headers)
    .filter(([name]) => !DESCRIBED_BY_ANSWERS.includes(name))
    .map(([name, header]) => [name, { required: true, ...header }]),
);

const ref = (name: HeaderName): Json => ({ $ref: `#/components/headers/${name}` });

/** References to the shared descriptions of these headers. */
export const sent = (...names: readonly HeaderName[]): Json =>
  Object.fromEntries(names.map((name) => [name, ref(name)]));

/** A header with a description specific to this answer. */
export const sentAs = (name: HeaderName, own: Json): Json => ({
  [name]: { required: true, ...headers[name], ...own },
});

export const sentAlways: Json = sent(
  'X-Request-Id',
  'Strict-Transport-Security',
  'X-Content-Type-Options',
  'Referrer-Policy',
);

/**
 * For routes that pages of other origins are allowed to read: of all origins, unless the settings name the allowed
 * origins.
 */
export const sentAcrossOrigins: Json = sent('Access-Control-Allow-Origin', 'Access-Control-Expose-Headers');

export const notStored: Json = sentAs('Cache-Control', {
  description: 'Caches must not store the answer.',
  schema: { type: 'string', const: 'no-store' },
  example: 'no-store',
});
