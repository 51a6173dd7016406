/**
 * Serves the static files beside the API (docs, OpenAPI document) on Deno. They are in the directory that
 * Workers serve as assets, and follow the same rules: `/docs` is docs.html, `/docs/` is docs/index.html, and
 * `_headers` sets headers. The files are read once into memory, so that no path of a caller reaches the file
 * system. Source: Cloudflare's documentation of static assets, `auto-trailing-slash` and `_headers`.
 */
import { createHash } from 'node:crypto';

import type { RequestAddress } from '../http/request-address.ts';

interface StaticFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  map: 'application/json',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  woff2: 'font/woff2',
};

/**
 * Returns a function that answers requests for these files, and returns undefined for any other path. A
 * missing directory counts as empty.
 */
export async function openSite(
  directory: URL,
): Promise<(request: Request, address: RequestAddress) => Response | undefined> {
  const files = new Map<string, StaticFile>();
  const rules = parseHeaders(await Deno.readTextFile(new URL('_headers', directory)).catch(() => ''));
  for await (const name of filesIn(directory, '')) {
    if (name === '_headers' || name === '_redirects') continue;
    const path = `/${name}`.replace(/\/index\.html$/, '/').replace(/\.html$/, '');
    files.set(path, await readStaticFile(new URL(name, directory), path, rules));
  }
  const properPaths = new Map(
    [...files.keys()].flatMap((path) => otherPaths(path).map((other): [string, string] => [other, path])),
  );
  return (request, { pathname, search }) => {
    const file = files.get(pathname);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (file)
      return isRead
        ? answer(request, file)
        : new Response(null, {
            status: 405,
            headers: { ...headersFor(pathname, rules), allow: 'GET, HEAD' },
          });
    const proper = isRead ? properPaths.get(pathname) : undefined;
    if (proper === undefined) return undefined;
    const headers = { ...headersFor(pathname, rules), location: `${proper}${search}` };
    return new Response(null, { status: 307, headers });
  };
}

/**
 * Other ways to write the path of a page: with `.html`, with `index`, or with one slash too many or too few.
 */
const otherPaths = (path: string): string[] => [
  `${path}.html`,
  `${path}/`,
  ...(path.endsWith('/') ? [`${path}index`, `${path}index.html`, path.slice(0, -1)] : []),
];

function answer(request: Request, { bytes, headers }: StaticFile): Response {
  const known = (request.headers.get('if-none-match') ?? '').split(',').map((tag) => tag.trim());
  if (known.includes(headers['etag'] ?? '')) return new Response(null, { status: 304, headers });
  return new Response(request.method === 'HEAD' ? null : bytes, { headers });
}

async function readStaticFile(file: URL, path: string, rules: readonly HeaderRule[]): Promise<StaticFile> {
  const bytes = await Deno.readFile(file);
  const type = TYPES[file.pathname.slice(file.pathname.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
  const headers = {
    'content-type': type,
    'cache-control': 'public, max-age=0, must-revalidate',
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    ...headersFor(path, rules),
  };
  return { bytes, headers };
}

/**
 * The headers that `_headers` sets for this path, for every kind of answer. Rules apply in order, and each
 * rule drops headers before it adds its own. A header that two rules set gets both values.
 */
function headersFor(path: string, rules: readonly HeaderRule[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { pattern, dropped, set } of rules) {
    if (!pattern.test(path)) continue;
    for (const name of dropped) delete headers[name];
    for (const [name, value] of set) {
      const earlier = headers[name];
      headers[name] = earlier === undefined ? value : `${earlier}, ${value}`;
    }
  }
  return headers;
}

interface HeaderRule {
  readonly pattern: RegExp;
  readonly dropped: string[];
  readonly set: [name: string, value: string][];
}

/**
 * Parses `_headers`. A line that begins with `/` is a path, in which `*` matches anything. The indented lines
 * after it are its headers: `Name: value` sets one, `! Name` drops it.
 */
function parseHeaders(text: string): HeaderRule[] {
  const rules: HeaderRule[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('/')) {
      const literal = line.trim().replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
      rules.push({ pattern: new RegExp(`^${literal.replaceAll('*', '.*')}$`), dropped: [], set: [] });
      continue;
    }
    const [, sign, name = '', value = ''] = /^\s+(! )?([\w-]+)(?::\s*(.*?))?\s*$/.exec(line) ?? [];
    const rule = rules.at(-1);
    if (rule === undefined || name === '') continue;
    if (sign === undefined) rule.set.push([name.toLowerCase(), value]);
    else rule.dropped.push(name.toLowerCase());
  }
  return rules;
}

/** The names of all files below the directory, with slashes. */
async function* filesIn(directory: URL, below: string): AsyncGenerator<string> {
  try {
    for await (const { name, isDirectory } of Deno.readDir(new URL(below, directory))) {
      if (isDirectory) yield* filesIn(directory, `${below}${name}/`);
      else yield `${below}${name}`;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
