/**
 * Writes the static files of the service to dist/site: the OpenAPI document, the reference that shows it, and the documentation
 * of problems. npm runs it before everything that needs them. wrangler.toml's [assets] and Deno's entry serve the directory.
 * Platform file: Node.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

import { openApiDocument } from './openapi.ts';
import { SITE_HEADERS, START_SCRIPT, STYLE_SHEET, problemsPage, referencePage } from './pages.ts';

const SITE_DIRECTORY = join(import.meta.dirname, '../../dist/site');

/** Copied, so that the pages don't load anything from a CDN. */
const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const files: ReadonlyMap<string, string> = new Map([
  ['openapi.json', `${JSON.stringify(openApiDocument())}\n`],
  ['docs.html', referencePage()],
  ['docs/problems.html', problemsPage()],
  ['docs/start.js', START_SCRIPT],
  ['docs/site.css', STYLE_SHEET],
  ['docs/swagger-ui-bundle.js', await readFile(join(SWAGGER_UI, 'swagger-ui-bundle.js'), 'utf8')],
  ['docs/swagger-ui.css', await readFile(join(SWAGGER_UI, 'swagger-ui.css'), 'utf8')],
  ['_headers', SITE_HEADERS],
]);

for (const [name, text] of files) await put(join(SITE_DIRECTORY, name), text);
for (const entry of await readdir(SITE_DIRECTORY, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && !files.has(path.slice(SITE_DIRECTORY.length + 1))) await rm(path, { force: true });
}

/** Atomic, and only if it differs: a service on this machine may be serving the directory. */
async function put(path: string, text: string): Promise<void> {
  const there = await readFile(path, 'utf8').catch(() => undefined);
  if (there === text) return;
  await mkdir(dirname(path), { recursive: true });
  // Outside of the directory, so that the temporary file is neither served nor removed.
  const unfinished = join(SITE_DIRECTORY, `../.${basename(path)}.${process.pid}`);
  await writeFile(unfinished, text);
  await rename(unfinished, path);
}
