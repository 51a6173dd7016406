/** Headers that every answer has, and how they are set. */

/** One year. The API is only available over TLS. */
const HSTS = 'max-age=31536000; includeSubDomains';

/**
 * Request headers that answers under /v1/ depend on, so that shared caches don't mix callers, formats or
 * origins.
 */
export const VARY = 'Accept, Authorization, X-API-Key, Origin';

/**
 * The parts of a response that is created later: creating it with all headers costs half as much as adding
 * them one by one.
 */
export interface Draft {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: BodyInit | null;
}

/**
 * The answer with these headers set. A Response here was created by this service, so its headers are mutable.
 */
export function withHeaders(
  answer: Response | Draft,
  headers: Readonly<Record<string, string>>,
): Response | Draft {
  if (answer instanceof Response) {
    for (const name in headers) answer.headers.set(name, headers[name] ?? '');
    return answer;
  }
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

export const toResponse = (answer: Response | Draft): Response =>
  answer instanceof Response
    ? answer
    : new Response(answer.body, { status: answer.status, headers: answer.headers });

export const securityHeaders: Readonly<Record<string, string>> = {
  'Strict-Transport-Security': HSTS,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};
