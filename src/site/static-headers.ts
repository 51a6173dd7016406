/**
 * The headers of the static files, in the form of Cloudflare's `_headers`; Deno's entry reads the same. A rule adds to those before it;
 * `! Name` drops a header that an earlier rule has set.
 */

/** Directives in order; each with its sources. */
const policy = (directives: Readonly<Record<string, string>>): string =>
  Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ');

/** Nothing of another host, and nothing inline. */
const COMMON = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
};

/**
 * Also no markup from strings, but in Lit's own templates. The viewer runs under this policy (bars get their place through CSSOM), so
 * that no text of a payload can become code, even if a mistake put it into markup.
 */
const STRICT = { ...COMMON, 'require-trusted-types-for': "'script'", 'trusted-types': 'lit-html' };

/** Swagger UI has inline styles, and makes markup from strings. */
const DOCS = { ...COMMON, 'style-src': "'self' 'unsafe-inline'" };

const docsRule = `  ! Content-Security-Policy
  Content-Security-Policy: ${policy(DOCS)}`;

/** How long a page may use /embed/v1.js without asking for a newer one; for a day longer, while it asks. */
const EMBED_SECONDS = 300;

export const STATIC_HEADERS = `/*
  Content-Security-Policy: ${policy(STRICT)}
  Strict-Transport-Security: max-age=31536000; includeSubDomains
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
/docs
${docsRule}
/docs/*
${docsRule}
/openapi.json
  Access-Control-Allow-Origin: *
/embed/*
  Access-Control-Allow-Origin: *
  Cross-Origin-Resource-Policy: cross-origin
  Cache-Control: public, max-age=${EMBED_SECONDS}, stale-while-revalidate=86400
`;
