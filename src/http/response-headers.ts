/** Defines the headers that every answer has, and sets them. */

/** One year. The API is meant to be reached over TLS only. */
const HSTS = 'max-age=31536000; includeSubDomains';

/**
 * The request headers on which answers under /v1/ depend. `Vary` names them, so that shared caches don't mix
 * up callers, formats or origins.
 */
export const VARY = 'Accept, Authorization, X-API-Key, Origin';

/**
 * The parts of a response that is not yet created. Creating a Response with all its headers takes half as
 * long as adding headers one by one.
 */
export interface Draft {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: BodyInit | null;
}

/** Sets these headers. If the answer is a Response, this service created it, so its headers are mutable. */
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
