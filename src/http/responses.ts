/** The headers that every answer gets, whoever made it. */

/** A year: this is an API over TLS, and stays one. */
const HSTS = 'max-age=31536000; includeSubDomains';

/** What answers under /v1/ depend on. Caches on the way must not mix callers, forms or origins. */
export const VARY = 'Accept, Authorization, X-API-Key, Origin';

/** The answer with these headers set; its body is handed on untouched, so that a stream keeps its cancel and abort. */
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
