/** Headers that every answer has, and how they are set. */

/** One year. The API is only available over TLS. */
const HSTS = 'max-age=31536000; includeSubDomains';

/** Request headers that answers under /v1/ depend on, so that shared caches don't mix callers, formats or origins. */
export const VARY = 'Accept, Authorization, X-API-Key, Origin';

/** The answer with these headers set. The body is not wrapped, so that a stream still sees cancel and abort. */
export function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  const answer = new Response(response.body, response);
  for (const [name, value] of Object.entries(headers)) answer.headers.set(name, value);
  return answer;
}

export const securityHeaders: Readonly<Record<string, string>> = {
  'Strict-Transport-Security': HSTS,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};
