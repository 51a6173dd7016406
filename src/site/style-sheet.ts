/** The style sheet /docs/site.css: colours for light and dark mode, and the layout on narrow screens. */

/**
 * Swagger UI brings its own dark colours, which start.js turns on, but no layout for narrow screens. Selectors begin
 * with `body >` so that they do not match Swagger UI's <main> and <section>.
 */
export const STYLE_SHEET = `:root { color-scheme: light dark; --text: #1a1a1a; --quiet: #5c5c5c; --page: #fff; --line: #ddd; --code: #f2f2f2; --target: #fff8dc; --link: #0b57d0; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e6e6; --quiet: #a9aeb1; --page: #1c2022; --line: #3c4245; --code: #2b3033; --target: #3a3520; --link: #8ab4f8; }
}
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); }
body > nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; padding: 0.75rem 1.25rem; border-bottom: 1px solid var(--line); }
body > nav a, body > main a { color: var(--link); }
body > nav a[aria-current] { color: var(--text); text-decoration: none; font-weight: 600; }
body > main { max-width: 46rem; margin: 0 auto; overflow-wrap: anywhere; padding: 1rem 1.25rem 4rem; }
body > main section { border-top: 1px solid var(--line); }
body > main :is(section, h1, h2, h3, h4):target { background: var(--target); }
body > main :is(h2, h3, h4) { margin: 2rem 0 0.5rem; line-height: 1.25; }
body > main section h2 { margin-top: 1rem; }
body > main h2 { font-size: 1.4rem; }
body > main h3 { font-size: 1.15rem; }
body > main h4 { font-size: 1rem; }
body > main h2 small { color: var(--quiet); font-weight: normal; }
body > main code { background: var(--code); padding: 0 0.2em; border-radius: 3px; font-size: 0.875em; }
body > main pre { background: var(--code); padding: 0.75rem 1rem; overflow-x: auto; overflow-wrap: normal; border-radius: 4px; line-height: 1.4; }
body > main pre code { padding: 0; background: none; }
body > main.guide { max-width: 56rem; }
body > main .table { overflow-x: auto; margin: 1rem 0; }
body > main table { border-collapse: collapse; overflow-wrap: break-word; font-size: 0.9375rem; }
body > main :is(th, td) { padding: 0.375rem 0.75rem; border: 1px solid var(--line); text-align: left; vertical-align: top; min-width: 5rem; }
body > main th { background: var(--code); }
body > main .contents ul { columns: 16rem; margin: 0; padding: 0.75rem 1rem 0.75rem 2rem; border: 1px solid var(--line); border-radius: 4px; }
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
