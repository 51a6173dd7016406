/**
 * Writes the static files that the service serves beside its API, to dist/site: the OpenAPI document made from the schemas
 * that check requests, the reference that shows it, and what each problem means. Run by npm before everything that needs
 * them; wrangler.toml's [assets] and Deno's entry serve the directory as it is. Platform file: Node.
 */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { openApiDocument } from './openapi.ts';
import { SITE_HEADERS, START_SCRIPT, STYLE_SHEET, problemsPage, referencePage } from './pages.ts';

export const SITE_DIRECTORY = join(import.meta.dirname, '../../dist/site');

const files: Readonly<Record<string, string>> = {
  'openapi.json': `${JSON.stringify(openApiDocument(), null, 2)}\n`,
  'docs.html': referencePage(),
  'docs/problems.html': problemsPage(),
  'docs/start.js': START_SCRIPT,
  'docs/site.css': STYLE_SHEET,
  _headers: SITE_HEADERS,
};
/** Copied, so that the pages load nothing from a CDN. */
const swaggerUi = ['swagger-ui-bundle.js', 'swagger-ui.css'];

await rm(SITE_DIRECTORY, { recursive: true, force: true });
for (const [name, text] of Object.entries(files)) {
  await mkdir(dirname(join(SITE_DIRECTORY, name)), { recursive: true });
  await writeFile(join(SITE_DIRECTORY, name), text);
}
const swaggerUiDirectory = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
for (const name of swaggerUi) {
  await copyFile(join(swaggerUiDirectory, name), join(SITE_DIRECTORY, 'docs', name));
}
