/**
 * Checks that the lock file and package.json agree, so that `npm ci` works in any clone and with any
 * registry.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { PROJECT } from './source-files.ts';

const versions = z._default(z.record(z.string(), z.string()), {});
const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      dependencies: versions,
      optionalDependencies: versions,
      resolved: z.optional(z.string()),
      hasInstallScript: z._default(z.boolean(), false),
    }),
  ),
});
const manifest = z.object({
  dependencies: versions,
  devDependencies: versions,
  allowScripts: z.record(z.string(), z.boolean()),
});

const readJson = (name: string): unknown => JSON.parse(readFileSync(join(PROJECT, name), 'utf8'));
const { packages } = z.parse(lockFile, readJson('package-lock.json'));

/** Looks a package up as Node does: in the dependent's own node_modules, then in that of each directory above. */
function isLocked(from: string, name: string): boolean {
  for (let place = from; ; place = place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/')))) {
    if (`${place === '' ? '' : `${place}/`}node_modules/${name}` in packages) return true;
    if (place === '') return false;
  }
}

/**
 * If the registry lacks a platform's package when the lock file is made, npm silently leaves the package out.
 * Then `npm ci` refuses the whole file, on every platform.
 */
test('the lock file contains every dependency of every package, for all platforms', () => {
  const missing = Object.entries(packages).flatMap(([from, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !isLocked(from, name))
      .map((name) => `${from} → ${name}`),
  );
  expect(missing).toEqual([]);
});

test('the lock file names no registry', () => {
  expect(Object.values(packages).flatMap(({ resolved }) => resolved ?? [])).toEqual([]);
});

test('package.json pins every version exactly', () => {
  const { dependencies, devDependencies } = z.parse(manifest, readJson('package.json'));
  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version),
  );
  expect(loose).toEqual([]);
});

/**
 * If a package with an install script is missing in allowScripts, npm 11 warns and npm 12 fails. A superfluous entry
 * would allow an install script that a later version adds.
 */
test('allowScripts lists exactly the packages with an install script', () => {
  const withScript = Object.entries(packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([place]) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length));
  const { allowScripts } = z.parse(manifest, readJson('package.json'));
  expect(Object.keys(allowScripts).toSorted()).toEqual([...new Set(withScript)].toSorted());
});
