/**
 * `npm run build`: bundles the command, the client and the React hook as plain JavaScript without
 * dependencies. Puts them, with type declarations from tsc, into the package that users install
 * (dist/package). `npm run pack:client` packs that directory. Used at build time only.
 */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build, type BuildOptions, type Plugin } from 'esbuild';

import { clientManifest, packedDocuments } from './client-manifest.ts';

const pathOf = (path: string): string => join(import.meta.dirname, '../..', path);

/** Bundles that contain third-party code must include its licence. */
const parserLicense = await readFile(pathOf('node_modules/eventsource-parser/LICENSE'), 'utf8');

const common: BuildOptions = {
  bundle: true,
  format: 'esm',
  charset: 'utf8',
  footer: { js: `/* Includes eventsource-parser:\n\n${parserLicense.trim()}\n*/` },
  logLevel: 'warning',
};

/**
 * Makes the hook import the client and its errors from client.js. So the hook throws the same error classes
 * as the client, and `instanceof` works.
 */
const sharedClient: Plugin = {
  name: 'shared-client',
  setup: ({ onResolve }) => {
    onResolve({ filter: /\/(?:client|problem)\.ts$/ }, ({ path, resolveDir }) => {
      const isClient = [pathOf('src/client/client.ts'), pathOf('src/client/wire/problem.ts')].includes(
        join(resolveDir, path),
      );
      return isClient ? { path: './client.js', external: true } : undefined;
    });
  },
};

// Removes only what this script builds: a service on this machine might be serving dist/site.
await rm(pathOf('dist/types'), { recursive: true, force: true });
await Promise.all([
  // Neutral, so that an import of a module of one platform fails here.
  build({
    ...common,
    entryPoints: [pathOf('src/client/client.ts')],
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    // Minified, because web pages load this file as it is. The map contains the sources.
    minify: true,
    sourcemap: true,
    outfile: pathOf('dist/client.js'),
  }),
  build({
    ...common,
    entryPoints: [pathOf('src/react/use-execution.ts')],
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    minify: true,
    sourcemap: true,
    // Only client.js contains third-party code.
    footer: {},
    external: ['react'],
    plugins: [sharedClient],
    outfile: pathOf('dist/react.js'),
  }),
  build({
    ...common,
    entryPoints: [pathOf('src/cli/main.ts')],
    platform: 'node',
    target: 'node20',
    banner: { js: '#!/usr/bin/env node' },
    define: { 'process.env.FLOWTAP_VERSION': JSON.stringify(clientManifest.version) },
    outfile: pathOf('dist/cli.js'),
  }),
]);
await chmod(pathOf('dist/cli.js'), 0o755);

for (const project of ['src/client/tsconfig.json', 'src/react/tsconfig.json']) {
  const tsc = [pathOf('node_modules/typescript/bin/tsc'), '-p', pathOf(project)];
  await promisify(execFile)(process.execPath, tsc).catch((error: unknown) => {
    // tsc writes its errors to stdout.
    throw new Error(String(Reflect.get(Object(error), 'stdout')), { cause: error });
  });
}
// tsc leaves imports of `.ts` in declarations, which TypeScript before version 5 rejects.
const declarations = await readdir(pathOf('dist/types'), { recursive: true, withFileTypes: true });
await Promise.all(
  declarations
    .filter((entry) => entry.isFile())
    .map(async ({ parentPath, name }) => {
      const file = join(parentPath, name);
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'"));
    }),
);

// Assembles the package: its own manifest, the built files, and the documents.
const packageDirectory = pathOf('dist/package');
await rm(packageDirectory, { recursive: true, force: true });
await mkdir(packageDirectory, { recursive: true });
await writeFile(join(packageDirectory, 'package.json'), `${JSON.stringify(clientManifest, null, 2)}\n`);
const built = [
  'dist/cli.js',
  'dist/client.js',
  'dist/client.js.map',
  'dist/react.js',
  'dist/react.js.map',
  'dist/types',
];
await Promise.all(
  [...built, ...packedDocuments].map((path) =>
    cp(pathOf(path), join(packageDirectory, path), { recursive: true }),
  ),
);
