/**
 * Bundles a module of src/ and all that it imports into one file for browsers. Used at build time only, and runs only
 * on Node.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const PROJECT = join(import.meta.dirname, '../..');

/** `entry` is a path from the project's root. The bundle ends with the licences of the packages that it includes. */
export async function browserModule(entry: string): Promise<string> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: PROJECT,
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    charset: 'utf8',
    minify: true,
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const script = outputFiles.map(({ text }) => text).join('');
  const packages = Object.keys(metafile.inputs).flatMap(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  );
  return `${script}/* Includes:\n\n${licences([...new Set(packages)].toSorted())}\n*/\n`;
}

/** Lists each licence text once, below the names of its packages. */
function licences(packages: readonly string[]): string {
  const byText = Map.groupBy(packages, (name) =>
    readFileSync(join(PROJECT, 'node_modules', name, 'LICENSE'), 'utf8').trim(),
  );
  return [...byText].map(([text, names]) => `${names.join(', ')}:\n${text}`).join('\n\n');
}
