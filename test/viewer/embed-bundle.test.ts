import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';

import { browserModule } from '../../src/site/browser-module.ts';

/** Partners' pages load this script before they show an execution, so it must stay small. */
const EMBED_GZIP_BYTES_MAX = 45 * 1024;

let script: string;
beforeAll(async () => {
  script = await browserModule('src/viewer/embed.ts');
});

test('/embed/v1.js stays within its size limit', () => {
  expect(gzipSync(script).length).toBeLessThanOrEqual(EMBED_GZIP_BYTES_MAX);
});

test('/embed/v1.js imports no other file', () => {
  expect(script).not.toMatch(/\bimport\s*(?:\(|[\w{*][^;]*from\s*)["']/);
});

test('/embed/v1.js contains the licences of the packages that are bundled in it', () => {
  for (const name of ['eventsource-parser', 'lit']) expect(script).toContain(name);
  expect(script).toContain('BSD 3-Clause License');
});
