/**
 * The headers of the static files, in the format of Cloudflare's `_headers`. The Deno server reads the same text. All
 * matching rules apply. `! Name` removes a header that an earlier rule has set.
 */

/** Joins directives and their sources into a Content-Security-Policy. */
const policy = (directives: Readonly<Record<string, string>>): string =>
  Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ');

/** Allows nothing from other hosts, and nothing inline. */
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
 * COMMON with Trusted Types: only Lit's templates can turn strings into markup. So a payload's text cannot become code,
 * even if a bug uses it as markup. Inline styles are forbidden, so the viewer positions its bars through CSSOM.
 */
const STRICT = { ...COMMON, 'require-trusted-types-for': "'script'", 'trusted-types': 'lit-html' };

/** For the pages under /docs: Swagger UI has inline styles, and turns strings into markup. */
const DOCS = { ...COMMON, 'style-src': "'self' 'unsafe-inline'" };

const docsRule = `  ! Content-Security-Policy
  Content-Security-Policy: ${policy(DOCS)}`;

/**
 * How long browsers use /embed/v1.js from their cache without asking the server. For one more day they use the cached
 * copy while they revalidate it.
 */
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
