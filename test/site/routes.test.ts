import { describe, expect, test } from 'vitest';

import { openService } from '../http/service-under-test.ts';
import { brokenApp } from './broken-app.ts';
import { operations } from './document.ts';
import { requestOf } from './requests.ts';

describe('the OpenAPI document', () => {
  test('has a path for every route of the application and a route for every path', () => {
    // Routes also include those for preflights and CORS, which share the paths of operations.
    const routes = brokenApp().routes;
    const matches = (pattern: string, path: string) =>
      pattern.endsWith('/*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path;
    expect(routes.length).toBeGreaterThan(8);
    const paths = operations.map(({ path }) => path);
    expect(routes.filter((route) => !paths.some((path) => matches(route.path, path)))).toEqual([]);
    expect(paths.filter((path) => !routes.some((route) => matches(route.path, path)))).toEqual([]);
  });

  test('documents exactly the methods that the application supports on each path', async () => {
    const service = await openService();
    for (const path of new Set(operations.map((operation) => operation.path))) {
      const ofPath = operations.filter((operation) => operation.path === path);
      const documented = ofPath.map(({ method }) => method);
      const [first] = ofPath;
      if (!first || path === '/') continue;
      const refused = await service.fetch(...requestOf(first.id, 'none', { method: 'QUERY' }));
      const allowed = (refused.headers.get('Allow') ?? '').split(', ');
      expect(allowed.filter((method) => !['HEAD', 'OPTIONS'].includes(method)).toSorted(), path).toEqual(
        documented.toSorted(),
      );
    }
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      expect((await service.fetch('/', { method })).status).toBe(404);
    }
  });
});
