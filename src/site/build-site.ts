/**
 * Writes the static files of the service to dist/site: the OpenAPI document, the API reference that displays it, the
 * documentation of problems, the documents of docs/, the page at /watch, and the element that other pages embed. npm
 * runs this script before every command that needs the files. On Workers, wrangler.toml's [assets] serve the
 * directory; on Deno, the entry serves it. The script itself runs only on Node.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

import { browserModule } from './browser-module.ts';
import { type Guide, decisionsGuide, guidePage } from './guide.ts';
import { openApiDocument } from './openapi.ts';
import { START_SCRIPT, problemsPage, referencePage } from './pages.ts';
import { STATIC_HEADERS } from './static-headers.ts';
import { STYLE_SHEET } from './style-sheet.ts';
import { WATCH_ICON, watchPage } from './watch-page.ts';

const SITE_DIRECTORY = join(import.meta.dirname, '../../dist/site');

/** The site serves its own copy of Swagger UI, so that pages load nothing from a CDN. */
const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const WATCH_DIRECTORY = join(import.meta.dirname, '../viewer/watch');
const GUIDES_DIRECTORY = join(import.meta.dirname, '../../docs');
const documents: Guide[] = [];
for (const path of (await readdir(GUIDES_DIRECTORY, { recursive: true })).toSorted()) {
  if (!path.endsWith('.md')) continue;
  const markdown = await readFile(join(GUIDES_DIRECTORY, path), 'utf8');
  documents.push({ name: path.slice(0, -'.md'.length), markdown });
}
const guides = [...documents, decisionsGuide(documents)];
const guideNames = new Set(guides.map(({ name }) => name));

const files: ReadonlyMap<string, string> = new Map([
  ['openapi.json', `${JSON.stringify(openApiDocument())}\n`],
  ['docs.html', referencePage()],
  ['docs/problems.html', problemsPage()],
  ...guides.map((guide): [string, string] => [`docs/${guide.name}.html`, guidePage(guide, guideNames)]),
  ['docs/start.js', START_SCRIPT],
  ['docs/site.css', STYLE_SHEET],
  ['docs/swagger-ui-bundle.js', await readFile(join(SWAGGER_UI, 'swagger-ui-bundle.js'), 'utf8')],
  ['docs/swagger-ui.css', await readFile(join(SWAGGER_UI, 'swagger-ui.css'), 'utf8')],
  ['watch.html', watchPage()],
  ['watch/app.js', await browserModule('src/viewer/watch/app.ts')],
  ['watch/page.css', await readFile(join(WATCH_DIRECTORY, 'page.css'), 'utf8')],
  ['watch/icon.svg', WATCH_ICON],
  ['embed/v1.js', await browserModule('src/viewer/embed.ts')],
  ['_headers', STATIC_HEADERS],
]);

for (const [name, text] of files) await put(join(SITE_DIRECTORY, name), text);
for (const entry of await readdir(SITE_DIRECTORY, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && !files.has(path.slice(SITE_DIRECTORY.length + 1))) await rm(path, { force: true });
}

/** Writes the file atomically, and only if its text differs, because a service might be serving the directory. */
async function put(path: string, text: string): Promise<void> {
  const there = await readFile(path, 'utf8').catch(() => undefined);
  if (there === text) return;
  await mkdir(dirname(path), { recursive: true });
  // Outside of SITE_DIRECTORY, so that the temporary file is neither served nor deleted by another build.
  const unfinished = join(SITE_DIRECTORY, `../.${basename(path)}.${process.pid}`);
  await writeFile(unfinished, text);
  await rename(unfinished, path);
}
