/** Headers that every answer has, and how they are set. */

/** One year. The API is only available over TLS. */
const HSTS = 'max-age=31536000; includeSubDomains';

/** Request headers that answers under /v1/ depend on, so that shared caches don't mix callers, formats or origins. */
export const VARY = 'Accept, Authorization, X-API-Key, Origin';

/** The answer with these headers set. It is one that we made, so its headers can change. */
export function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  for (const name in headers) response.headers.set(name, headers[name] ?? '');
  return response;
}

export const securityHeaders: Readonly<Record<string, string>> = {
  'Strict-Transport-Security': HSTS,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};
