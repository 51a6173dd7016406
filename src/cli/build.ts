/**
 * `npm run build`: the command and the client as plain JavaScript that needs nothing but its platform; dist/ is what `npm
 * pack` takes. The declarations come from tsc (src/client/tsconfig.json). A development tool: not in the bundles.
 */
import { chmod, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';

import { parseObject } from '../client/problem.ts';

const pathOf = (path: string): string => join(import.meta.dirname, '../..', path);

/** What stands in the bundles and was written by others comes with its licence. */
const parserLicense = await readFile(pathOf('node_modules/eventsource-parser/LICENSE'), 'utf8');
const version = parseObject(await readFile(pathOf('package.json'), 'utf8'))?.['version'];

const common: BuildOptions = {
  bundle: true,
  format: 'esm',
  // A reader of a stack trace should find the place.
  minify: false,
  charset: 'utf8',
  footer: { js: `/* Includes eventsource-parser:\n\n${parserLicense.trim()}\n*/` },
  logLevel: 'warning',
};

// Its own part of dist/ and no more: a service on this machine may be serving dist/site.
await rm(pathOf('dist/types'), { recursive: true, force: true });
await Promise.all([
  // Node's and no one's: an import that only one platform has would fail here.
  build({
    ...common,
    entryPoints: [pathOf('src/client/client.ts')],
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    outfile: pathOf('dist/client.js'),
  }),
  build({
    ...common,
    entryPoints: [pathOf('src/cli/main.ts')],
    platform: 'node',
    target: 'node20',
    banner: { js: '#!/usr/bin/env node' },
    define: { 'process.env.FLOWTAP_VERSION': JSON.stringify(version) },
    outfile: pathOf('dist/cli.js'),
  }),
]);
await chmod(pathOf('dist/cli.js'), 0o755);
