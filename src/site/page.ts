/**
 * The frame of every page under /docs. All addresses are relative, so that the site also works behind a path prefix.
 * Pages have no inline scripts and no scripts of other hosts, because the site's CSP forbids both.
 */

/** The pages in the navigation of every page, in order. Paths have no leading slash. */
export const SITE_PAGES: readonly (readonly [path: string, title: string])[] = [
  ['docs', 'API reference'],
  ['docs/http-api', 'HTTP API'],
  ['docs/problems', 'Problems'],
  ['docs/client', 'Client'],
  ['docs/aws-clients', 'AWS clients'],
  ['docs/embed', 'Viewer'],
  ['docs/operations', 'Operations'],
  ['docs/security', 'Security'],
  ['docs/design', 'Design'],
  ['docs/storage', 'Storage'],
  ['docs/decisions', 'Decisions'],
  ['openapi.json', 'openapi.json'],
];

export const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** The relative address of the site's root, seen from the page at `path`. */
export const rootFrom = (path: string): string => '../'.repeat(path.split('/').length - 1) || './';

interface Page {
  /** Without a leading slash: `docs/http-api` is served at /docs/http-api. */
  readonly path: string;
  readonly title: string;
  readonly body: string;
  readonly styleSheets?: readonly string[];
}

export function page({ path, title, body, styleSheets = [] }: Page): string {
  const root = rootFrom(path);
  const sheets = [...styleSheets, 'docs/site.css'];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escape(title)}</title>
${sheets.map((sheet) => `<link rel="stylesheet" href="${root}${sheet}">\n`).join('')}</head>
<body>
<nav><strong>Flowtap</strong> ${SITE_PAGES.map(([target, name]) => navLink(target, name, path, root)).join(' ')}</nav>
${body}</body>
</html>
`;
}

function navLink(target: string, name: string, path: string, root: string): string {
  const isCurrent = target === path;
  return `<a href="${root}${target}"${isCurrent ? ' aria-current="page"' : ''}>${name}</a>`;
}
