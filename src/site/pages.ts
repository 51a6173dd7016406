/** The pages under /docs as HTML. No scripts from other hosts and no inline scripts: the CSP forbids both. */
import { PROBLEM_STATUS, type ServiceProblemCode } from '../problems/problem-codes.ts';
import { problemDocumentation } from '../problems/problem-documentation.ts';
import type { ProblemDocumentation } from '../problems/problem-entry.ts';

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const page = (title: string, head: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escape(title)}</title>
${head}</head>
<body>
${body}</body>
</html>
`;

/** The API reference: Swagger UI over /openapi.json. */
export const referencePage = (): string =>
  page(
    'Flowtap API',
    '<link rel="stylesheet" href="/docs/swagger-ui.css">\n<link rel="stylesheet" href="/docs/site.css">\n',
    `<nav><strong>Flowtap</strong> <a href="/docs/problems">Problems</a> <a href="/openapi.json">openapi.json</a></nav>
<div id="reference"></div>
<noscript><p>The reference needs JavaScript. The document behind it is <a href="/openapi.json">openapi.json</a>.</p></noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
`,
  );

/**
 * Starts Swagger UI. Keys that a reader enters stay in this page. The examples of optional parameters are moved to their
 * descriptions: Swagger UI would send all of them at once, which is an invalid request.
 */
export const START_SCRIPT = `const leftOut = (parameter) => {
  if (parameter.required || parameter.example === undefined) return parameter;
  const { example, description, ...rest } = parameter;
  return { ...rest, description: description + ' Example: \`' + [example].flat().join(',') + '\`.' };
};

const withoutPrefill = (value) => {
  if (Array.isArray(value)) return value.map(withoutPrefill);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'parameters' && Array.isArray(member) ? member.map(leftOut) : withoutPrefill(member),
    ]),
  );
};

const dark = window.matchMedia('(prefers-color-scheme: dark)');
const paint = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', paint);
paint();

window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
  plugins: [
    {
      statePlugins: {
        spec: { wrapActions: { updateJsonSpec: (update) => (document) => update(withoutPrefill(document)) } },
      },
    },
  ],
});
`;

interface DocumentedProblem extends ProblemDocumentation {
  readonly code: string;
  readonly status: number;
}

const documentedProblems: readonly DocumentedProblem[] = Object.entries(problemDocumentation)
  .map(([code, documentation]) => ({
    code,
    // Safety: the documentation has the same keys as the statuses.
    status: PROBLEM_STATUS[code as ServiceProblemCode],
    ...documentation,
  }))
  .toSorted((one, other) => one.status - other.status);

/** A section for each code, with the anchor that the problem's `type` points to. */
export const problemsPage = (): string =>
  page(
    'Flowtap problems',
    '<link rel="stylesheet" href="/docs/site.css">\n',
    `<nav><strong>Flowtap</strong> <a href="/docs">API reference</a></nav>
<main>
<h1>Problems</h1>
<p>Errors are <code>application/problem+json</code> (RFC 9457). <code>type</code> points to this page. <code>code</code> is for
programs, <code>detail</code> and <code>errors</code> are for people, <code>requestId</code> is for the operator.</p>
${documentedProblems.map(problemSection).join('')}</main>
`,
  );

/** As HTML, with links to the pages it names. */
const linked = (text: string): string =>
  escape(text).replaceAll(/(?<![\w/])\/docs(?:\/problems)?(?![\w/])/g, '<a href="$&">$&</a>');

const problemSection = ({ code, status, meaning, cause, action }: DocumentedProblem): string =>
  `<section id="${code}">
<h2>${code} <small>${status}</small></h2>
<p>${linked(meaning)}</p>
<p><b>Cause.</b> ${linked(cause)}</p>
<p><b>Action.</b> ${linked(action)}</p>
</section>
`;

/**
 * For dark mode Swagger UI has colours, which start.js turns on; it has no layout for narrow screens. `body >` keeps our rules
 * away from its own <main> and <section>.
 */
export const STYLE_SHEET = `:root { color-scheme: light dark; --text: #1a1a1a; --quiet: #5c5c5c; --page: #fff; --line: #ddd; --code: #f2f2f2; --target: #fff8dc; --link: #0b57d0; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e6e6; --quiet: #a9aeb1; --page: #1c2022; --line: #3c4245; --code: #2b3033; --target: #3a3520; --link: #8ab4f8; }
}
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); }
body > nav { padding: 0.75rem 1.25rem; border-bottom: 1px solid var(--line); }
body > nav a { margin-left: 1rem; }
body > nav a, body > main a { color: var(--link); }
body > main { max-width: 46rem; margin: 0 auto; overflow-wrap: anywhere; padding: 1rem 1.25rem 4rem; }
body > main section { border-top: 1px solid var(--line); }
body > main section:target { background: var(--target); }
body > main h2 { font-size: 1.3rem; }
body > main h2 small { color: var(--quiet); font-weight: normal; }
body > main code { background: var(--code); padding: 0 0.2em; }
.swagger-ui .renderedMarkdown table { display: block; overflow-x: auto; }
html.dark-mode .swagger-ui :is(table, td, .header-col) { color: var(--text); }
.swagger-ui .response-col_links { display: none; }
@media (max-width: 40rem) {
  .swagger-ui .wrapper { padding: 0 0.5rem; }
  .swagger-ui .opblock-tag { flex-wrap: wrap; }
  .swagger-ui .opblock-tag small { flex-basis: 100%; order: 1; padding: 0; }
  .swagger-ui .opblock-body { overflow-x: auto; }
  .swagger-ui .opblock .opblock-summary-path { max-width: 100%; }
}
`;

/** Headers of the static files, in the form of Cloudflare's \`_headers\`; Deno's entry reads the same. */
export const SITE_HEADERS = `/*
  Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
  Strict-Transport-Security: max-age=31536000; includeSubDomains
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
/openapi.json
  Access-Control-Allow-Origin: *
`;
