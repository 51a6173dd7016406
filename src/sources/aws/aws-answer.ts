/**
 * Classifies a complete answer of an AWS JSON service as a value or a failure, and tells whether a retry
 * might help. The error's name takes precedence over the HTTP status: AWS throttles with a 400, and some
 * errors arrive with varying statuses. No I/O, no clock.
 *
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
 */
import type { SourceFailure } from '../../core/errors.ts';
import { parseJson } from '../../core/parse-json.ts';
import { redact } from './redact.ts';

/** An error that is specific to the service, or not in the lists below. The source interprets it. */
export interface AwsError {
  readonly type: 'aws-error';
  /** The name without namespace and URL, such as `ResourceNotFoundException`. */
  readonly name: string;
  readonly internal: string;
}

export type AwsCallFailure = SourceFailure | AwsError;

export type Classification =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly failure: AwsCallFailure; readonly retry: boolean };

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Empty if the answer has no body, or if an error's body exceeds its size limit. */
  readonly body: string;
}

export interface AnswerContext {
  readonly operation: string;
  /** Errors of the service's model that a retry cannot fix. They are recognised with any HTTP status. */
  readonly clientErrors: ReadonlySet<string>;
  /** Values that are removed from all texts. */
  readonly secrets: readonly string[];
  /** After how many seconds the caller should retry, if the last attempt was throttled. */
  readonly retryAfterSeconds: number;
}

const THROTTLING_NAMES: ReadonlySet<string> = new Set([
  'ThrottlingException',
  'Throttling',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'KmsThrottlingException',
]);

/** Failures inside AWS. A retry may succeed. */
const INTERNAL_NAMES: ReadonlySet<string> = new Set([
  'InternalFailureException',
  'InternalFailure',
  'InternalServerException',
  'InternalServerError',
  'InternalServiceException',
  'InternalError',
  'ServiceUnavailableException',
  'ServiceUnavailable',
  'RequestTimeoutException',
  'RequestTimeout',
]);

export function classifyAnswer(answer: Answer, context: AnswerContext): Classification {
  const { status, body } = answer;
  const json = parseJson(body);
  const success = status >= 200 && status < 300;
  const name = success ? successErrorName(answer, json) : errorName(answer, json);

  if (success && name === undefined && json !== undefined) return { ok: true, value: json };
  const internal = operatorText(answer, context, name, messageOf(json, body));
  const failed = (failure: AwsCallFailure, retry: boolean): Classification => ({ ok: false, failure, retry });
  const throttled = () =>
    failed({ type: 'upstream-throttled', internal, retryAfterSeconds: context.retryAfterSeconds }, true);

  if (name !== undefined) {
    if (THROTTLING_NAMES.has(name)) return throttled();
    if (context.clientErrors.has(name)) {
      return failed({ type: 'aws-error', name, internal }, false);
    }
    if (INTERNAL_NAMES.has(name)) return failed({ type: 'upstream-internal', internal }, true);
  }
  if (status === 429) return throttled();
  if (status >= 500) return failed({ type: 'upstream-internal', internal }, true);
  if (name !== undefined) return failed({ type: 'aws-error', name, internal }, false);
  return failed({ type: 'upstream-broken', internal }, false);
}

/**
 * Returns one line for the operator: operation, status, error name, AWS's request id, and the beginning of
 * the message.
 */
function operatorText(
  { status, headers, body }: Answer,
  { operation, secrets }: AnswerContext,
  name: string | undefined,
  message: string | undefined,
): string {
  const id = headers.get('x-amzn-requestid') ?? headers.get('x-amz-request-id') ?? '';
  const request = /^[\w-]{1,64}$/.test(id) ? `, request ${id}` : '';
  // Omits the body, which may contain customers' data or echo the request.
  const kind = `no AWS answer (${redact(headers.get('content-type') ?? 'no content type', secrets)}, ${body.length} characters)`;
  const text = message === undefined ? '' : `: ${redact(message, secrets)}`;
  return `${operation}: HTTP ${status}, ${name === undefined ? kind : redact(name, secrets)}${request}${text}`;
}

/**
 * [spec] The error name is in the header, else in `code`, else in `__type`. The name begins after a hash sign,
 * and ends at the first colon.
 */
function errorName({ headers, body }: Answer, json: unknown): string | undefined {
  return (
    cleanName(headers.get('x-amzn-errortype')) ??
    cleanName(member(json, 'code')) ??
    cleanName(member(json, '__type')) ??
    cleanName(xmlText(body, 'Code'))
  );
}

/**
 * Some gateways answer 200 with an error in the body. In a 200, a `code` member does not indicate an error,
 * because the result of an operation can have such a member.
 */
const successErrorName = ({ headers }: Answer, json: unknown): string | undefined =>
  cleanName(headers.get('x-amzn-errortype')) ?? cleanName(member(json, '__type'));

function cleanName(raw: unknown): string | undefined {
  if (typeof raw !== 'string') return undefined;
  const name = raw.split(':', 1)[0]?.split('#').at(-1)?.trim() ?? '';
  return /^[A-Za-z][\w.-]{0,99}$/.test(name) ? name : undefined;
}

function messageOf(json: unknown, body: string): string | undefined {
  const message = member(json, 'message') ?? member(json, 'Message') ?? xmlText(body, 'Message');
  return typeof message === 'string' && message !== '' ? message : undefined;
}

/**
 * Extracts an element's text from an XML error: `<Error><Code>…</Code></Error>`. Signature errors are XML,
 * and so are errors of services with another protocol.
 */
function xmlText(body: string, tag: 'Code' | 'Message'): string | undefined {
  if (!body.startsWith('<')) return undefined;
  const start = body.indexOf(`<${tag}>`);
  const end = body.indexOf(`</${tag}>`, start);
  return start === -1 || end === -1 ? undefined : body.slice(start + tag.length + 2, end);
}

const member = (json: unknown, name: string): unknown =>
  typeof json === 'object' && json !== null && Object.hasOwn(json, name)
    ? Reflect.get(json, name)
    : undefined;
