/** Static files: for the same directory, Deno must answer as workerd does. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { openWorld, type World } from '../support/on-workerd.ts';
import { DenoWorld } from './deno-process.ts';

let world: DenoWorld;
let workerd: World;
let deno: string;
beforeAll(async () => {
  world = await DenoWorld.create();
  workerd = await openWorld();
  deno = (await world.start({ STORE_PATH: ':memory:' })).url;
});
afterAll(async () => {
  await workerd.close();
  await world.end();
});

async function look(url: string, method = 'GET', headers: Record<string, string> = {}) {
  const response = await fetch(url, { method, headers, redirect: 'manual' });
  const own = ['date', 'x-request-id', 'etag', 'content-length', 'cf-cache-status', 'transfer-encoding'];
  const alike = [...response.headers].filter(([name]) => !own.includes(name));
  const { status } = response;
  const text = await response.text();
  return {
    etag: response.headers.get('etag') ?? '',
    // Only the text of a 200 is compared. Problems differ in their request id, and the text of other answers does not
    // matter.
    seen: { status, headers: Object.fromEntries(alike), ...(status === 200 && { text }) },
  };
}

test('Deno answers like workerd for every file, for variants of its path, and for unknown paths', async () => {
  const names = (await readdir(join(PROJECT_ROOT, 'dist/site'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(join(PROJECT_ROOT, 'dist/site').length));
  expect(names.length).toBeGreaterThan(3);
  const pages = names.filter((name) => name.endsWith('.html')).map((name) => name.slice(0, -'.html'.length));
  const paths = [
    ...names,
    ...pages.flatMap((path) => [path, `${path}/`, `${path}?a=1`, `${path}.html?a=1`]),
    '/docs/nothing',
    '/docs/..%2f_headers',
    '/..%2f..%2fpackage.json',
    '/%2e%2e/package.json',
  ];
  for (const path of new Set(paths)) {
    const [ours, theirs] = await Promise.all([
      look(`${deno}${path.slice(1)}`),
      look(`${workerd.url.href}${path.slice(1)}`),
    ]);
    expect({ path, ...ours.seen }).toEqual({ path, ...theirs.seen });
  }
});

test('HEAD gets no body, a matching ETag gets a 304, and other methods get a 405', async () => {
  const { etag } = await look(`${deno}openapi.json`);
  expect(etag).toMatch(/^"[^"]+"$/);
  expect((await look(`${deno}openapi.json`, 'HEAD')).seen).toMatchObject({ status: 200, text: '' });
  expect((await look(`${deno}openapi.json`, 'GET', { 'if-none-match': etag })).seen.status).toBe(304);
  expect((await look(`${deno}openapi.json`, 'POST')).seen.status).toBe(405);
});
