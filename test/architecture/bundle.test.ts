import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { bundleWorker, type WorkerBundle } from '../../src/local/bundle.ts';
import { problemDocumentation } from '../../src/problems/problem-documentation.ts';

let bundle: WorkerBundle;
beforeAll(async () => {
  bundle = await bundleWorker({ minify: true });
});

/**
 * The maximum size of the whole Worker, compressed. A cold start reads and compiles all of it, and one careless import
 * (all of zod, an AWS SDK) doubles it. For a new feature, raise the limit by the feature's size and list that size in
 * docs/decisions/0014-each-feature-states-its-bytes.md.
 */
const BUNDLE_GZIP_BYTES_MAX = 115_500;

test('the deployed Worker stays within its size limit', () => {
  expect(gzipSync(bundle.script).length).toBeLessThan(BUNDLE_GZIP_BYTES_MAX);
});

test('the deployed Worker contains neither the emulator nor other local tools', () => {
  const rooms = new Set(Object.keys(bundle.metafile.inputs).map((path) => /^src\/([^/]+)\//.exec(path)?.[1]));
  for (const room of ['emulator', 'local', 'cli', 'client', 'viewer', 'deno', 'site'])
    expect(rooms).not.toContain(room);
});

test('the deployed Worker contains the texts of problems, but not their documentation', () => {
  expect(bundle.script).toContain('The upstream service gave an unusable answer.');
  for (const { cause } of Object.values(problemDocumentation)) expect(bundle.script).not.toContain(cause);
});

test('the deployed Worker contains no npm packages but aws4fetch, hono and zod', () => {
  const packages = Object.keys(bundle.metafile.inputs).flatMap(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  );
  const known = ['aws4fetch', 'hono', 'zod'];
  expect([...new Set(packages)].filter((name) => !known.includes(name))).toEqual([]);
});
