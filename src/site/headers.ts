/** The headers of our answers, each described once, and which answers have which. */
import { securityHeaders, VARY } from '../http/responses.ts';
import { REQUEST_ID_EXAMPLE } from './example-values.ts';
import type { Json } from './json-schema.ts';

const text = { type: 'string' };
const seconds = { type: 'integer', minimum: 1 };

interface HeaderWords {
  /** False: not on every answer of the kind. */
  readonly required?: false;
  readonly description: string;
  readonly schema: Json;
  readonly example: unknown;
}

/** Always the same: the value tells it all. */
const constant = (description: string, value: string): HeaderWords => ({
  description,
  schema: { type: 'string', const: value },
  example: value,
});

const secure = (name: string, description: string): HeaderWords =>
  constant(description, securityHeaders[name] ?? '');

const headers = {
  'X-Request-Id': {
    description: 'Of this very request: what the operator finds in the log.',
    schema: { type: 'string', format: 'uuid' },
    example: REQUEST_ID_EXAMPLE,
  },
  'Strict-Transport-Security': secure('Strict-Transport-Security', 'This service is reached over TLS only.'),
  'X-Content-Type-Options': secure('X-Content-Type-Options', 'The answer is what it says it is.'),
  'Referrer-Policy': secure('Referrer-Policy', 'Addresses of this service are told to nobody.'),
  'Access-Control-Allow-Origin': {
    required: false,
    description: 'Which origin’s pages may read the answer. Absent where this one’s may not.',
    schema: text,
    example: '*',
  },
  'Access-Control-Expose-Headers': {
    required: false,
    description: 'What scripts of other origins may read.',
    schema: text,
    example: 'Retry-After,X-Request-Id,ETag,Link,Cache-Status',
  },
  'Cache-Control': {
    description: '`private, max-age=300` for settled histories, else `private, no-cache`.',
    schema: text,
    example: 'private, no-cache',
  },
  'Cache-Status': {
    description: 'RFC 9211: `hit` or `fwd=miss`, `collapsed`, and `detail=memory`, `kv` or `live`.',
    schema: text,
    example: 'flowtap; hit; detail=memory',
  },
  ETag: {
    description: 'Strong. Send it back as If-None-Match.',
    schema: text,
    example: '"FZ0mbCx4Ee6tLOlF3d5wFd"',
  },
  Link: {
    description: '`rel="next"`, while there are more messages now.',
    schema: text,
    example: '<?maxResults=50&cursor=AQAAAAIJ8DYXWibhWgA0RWzlmBapsEcq6OtPEiMz>; rel="next"',
  },
  Vary: { description: 'What the answer depends on.', schema: text, example: VARY },
  'X-Accel-Buffering': constant('Tells nginx to hold no event back.', 'no'),
  'Retry-After': { description: 'When to come back, in seconds.', schema: seconds, example: 5 },
  'WWW-Authenticate': {
    description: 'RFC 6750: how to say who calls, or that what was said is not good.',
    schema: text,
    example: 'Bearer realm="flowtap", error="invalid_token"',
  },
  Allow: { description: 'What this path takes.', schema: text, example: 'GET, HEAD, OPTIONS' },
  'x-amzn-RequestId': {
    description: 'The same as X-Request-Id, by AWS’s name.',
    schema: { type: 'string', format: 'uuid' },
    example: REQUEST_ID_EXAMPLE,
  },
  'x-amzn-ErrorType': {
    description: 'The exception’s name, as in `__type`.',
    schema: text,
    example: 'InvalidRequestException',
  },
} as const satisfies Readonly<Record<string, HeaderWords>>;

export type HeaderName = keyof typeof headers;

/** What each answer says of these in its own words: nothing refers to them. */
const IN_OWN_WORDS: readonly string[] = ['Link', 'X-Accel-Buffering', 'Allow'];

/** Required, where nothing else is said. */
export const headerComponents: Json = Object.fromEntries(
  Object.entries(headers)
    .filter(([name]) => !IN_OWN_WORDS.includes(name))
    .map(([name, words]) => [name, { required: true, ...words }]),
);

const ref = (name: HeaderName): Json => ({ $ref: `#/components/headers/${name}` });

/** These headers, on every answer of the kind. */
export const sent = (...names: readonly HeaderName[]): Json =>
  Object.fromEntries(names.map((name) => [name, ref(name)]));

/** This header, in this answer, with other words: when it is sent, or what it is here. */
export const sentAs = (name: HeaderName, words: Json): Json => ({
  [name]: { required: true, ...headers[name], ...words },
});

export const sentAlways: Json = sent(
  'X-Request-Id',
  'Strict-Transport-Security',
  'X-Content-Type-Options',
  'Referrer-Policy',
);

/** Browsers' pages of any origin may read these routes, unless the service was told which ones. */
export const sentAcrossOrigins: Json = sent('Access-Control-Allow-Origin', 'Access-Control-Expose-Headers');

export const notStored: Json = sentAs('Cache-Control', {
  description: 'Nobody keeps it.',
  schema: { type: 'string', const: 'no-store' },
  example: 'no-store',
});
