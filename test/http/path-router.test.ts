import { expect, test } from 'vitest';

import { PathRouter } from '../../src/http/path-router.ts';

const router = new PathRouter<string>();
router.add('ALL', '/v1/executions/*', 'execution');
router.add('ALL', '/v1/key', 'key');
router.add('POST', '/', 'aws');

test.each([
  ['GET', '/v1/executions', 'execution'],
  ['GET', '/v1/executions/', 'execution'],
  ['GET', '/v1/executions/a/b/messages', 'execution'],
  ['GET', '/v1/executionsX', undefined],
  ['GET', '/v1/key', 'key'],
  ['GET', '/v1/key/', undefined],
  ['GET', '/V1/key', undefined],
  ['POST', '/', 'aws'],
  ['GET', '/', undefined],
  ['POST', '', undefined],
])('routes %s %s to %s', (method, path, expected) => {
  expect(router.match(method, path)).toEqual([expected === undefined ? [] : [[expected, {}]]]);
});

test('a pattern that would never match is refused', () => {
  for (const path of ['/v1/:id', '/v1/*/messages', '*', '/v1/{a}', '/v1/a?']) {
    expect(() => router.add('GET', path, 'x')).toThrow('Cannot route the pattern');
  }
});
