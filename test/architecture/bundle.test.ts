import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { bundleWorker, type WorkerBundle } from '../../src/local/bundle.ts';
import { problemDocumentation } from '../../src/problems/problem-documentation.ts';

let bundle: WorkerBundle;
beforeAll(async () => {
  bundle = await bundleWorker({ minify: true });
});

/**
 * The maximum size of the whole Worker. A cold start reads and compiles all of it, and one careless import
 * (all of zod, an AWS SDK) doubles it. docs/decisions/0014-each-feature-states-its-bytes.md says what each
 * feature takes. Raise it by what a new one takes.
 */
const BUNDLE_GZIP_BYTES_MAX = 115_000;

test('the Worker that is deployed stays within its budget', () => {
  expect(gzipSync(bundle.script).length).toBeLessThan(BUNDLE_GZIP_BYTES_MAX);
});

test('neither the emulator nor other local tools are deployed', () => {
  const rooms = new Set(Object.keys(bundle.metafile.inputs).map((path) => /^src\/([^/]+)\//.exec(path)?.[1]));
  for (const room of ['emulator', 'local', 'cli', 'client', 'viewer', 'deno', 'site'])
    expect(rooms).not.toContain(room);
});

test('the documentation of problems is not deployed', () => {
  expect(bundle.script).toContain('The upstream service gave an unusable answer.');
  for (const { cause } of Object.values(problemDocumentation)) expect(bundle.script).not.toContain(cause);
});

test('of the packages, only those that the Worker is known to need are deployed', () => {
  const packages = Object.keys(bundle.metafile.inputs).flatMap(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  );
  const known = ['aws4fetch', 'hono', 'zod'];
  expect([...new Set(packages)].filter((name) => !known.includes(name))).toEqual([]);
});
