/**
 * Every query parameter must be in three places: in the routes that read it, in the OpenAPI document and in
 * docs/http-api.md. To find out which parameters a route reads, a test sends each one twice. The route then refuses
 * those that it reads, by name.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { parameters } from '../../src/http/query-parameters.ts';
import { PROJECT, sourceFiles } from '../architecture/source-files.ts';
import { openService } from '../http/service-under-test.ts';
import { operations } from './document.ts';
import { requestOf } from './requests.ts';

const NAMES = Object.keys(parameters);
const EVERY_NAME_TWICE = NAMES.flatMap((name) => [`${name}=`, `${name}=`]).join('&');

/** Pages and streams share a path and differ in `Accept`. */
const FORMS: readonly Record<string, string>[] = [{}, { Accept: 'text/event-stream' }];

/** Maps each operation to the sorted names of the parameters that it reads. */
const readByOperations = (async () => {
  const service = await openService();
  const key = await service.key();
  const read = new Map<string, readonly string[]>();
  for (const { id, method } of operations) {
    if (method !== 'GET') continue;
    const names = new Set<string>();
    for (const headers of FORMS) {
      const response = await service.fetch(...requestOf(id, key, { query: EVERY_NAME_TWICE, headers }));
      const body: unknown = await response.json().catch(() => undefined);
      const errors: unknown = Reflect.get(Object(body), 'errors');
      for (const error of Array.isArray(errors) ? errors : []) {
        if (Reflect.get(Object(error), 'in') === 'query')
          names.add(String(Reflect.get(Object(error), 'name')));
      }
    }
    read.set(id, [...names].toSorted());
  }
  return read;
})();

test('the OpenAPI document lists exactly the query parameters that each route reads', async () => {
  const read = await readByOperations;
  for (const { id, parameters: documented } of operations) {
    const inQuery = documented
      .filter((parameter) => parameter['in'] === 'query')
      .map(({ name }) => String(name));
    expect(inQuery.toSorted(), id).toEqual(read.get(id) ?? []);
  }
});

test('every known query parameter is read by a route', async () => {
  const read = [...(await readByOperations).values()].flat();
  expect(NAMES.filter((name) => !read.includes(name))).toEqual([]);
});

test('docs/http-api.md names exactly the query parameters that the routes read', () => {
  const text = readFileSync(join(PROJECT, 'docs/http-api.md'), 'utf8');
  const inAddresses = [...text.matchAll(/[?&]([a-z]\w*)=/gi)].map(([, name = '']) => name);
  const tables = text.split(/\n\n/).filter((block) => /^\| parameter\b/.test(block));
  const inTables = tables
    .flatMap((table) => table.split('\n').slice(2))
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name = '']) => name));
  // A ticket is a credential, which src/access reads instead of a route.
  expect([...new Set([...inAddresses, ...inTables])].toSorted()).toEqual([...NAMES, 'ticket'].toSorted());
});

test('routes read the query only through readQuery, so the tests above see all parameters', () => {
  const others = sourceFiles('src/http').filter(
    ({ path, code }) =>
      path !== 'src/http/query-parameters.ts' && /searchParams\s*\.\s*(?:get|has)/.test(code),
  );
  expect(others.map(({ path }) => path)).toEqual([]);
});
