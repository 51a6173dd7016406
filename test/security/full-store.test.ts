/**
 * Tests the service over HTTP while its store is full: the store accepts deletions, but refuses every other write.
 */
import { expect, test } from 'vitest';

import { openService, path, problemOf } from '../http/service-under-test.ts';
import { bearer } from './tenants.ts';

test('with a full store, a revocation takes effect immediately, its answer says that it is not stored, and archives can be deleted', async () => {
  const service = await openService();
  const message = { messageId: '0', eventType: 'EXECUTION_SUCCEEDED', timestamp: '2025-01-01T00:00:00Z' };
  const archive = (id: string) => service.admin('PUT', `/executions/${id}/messages`, message);
  expect((await archive('archived')).status).toBe(200);
  const key = await service.key();
  const read = () => service.fetch(path('archived'), { headers: bearer(key) });
  expect((await read()).status).toBe(200);
  const before = await service.store.list({ prefix: '' });
  service.store.fill();

  const revoked = await problemOf(service.admin('POST', `/keys/${key.slice(4, 12)}/revoke`));
  expect(revoked).toMatchObject({ status: 503, code: 'StoreUnavailable' });
  expect(revoked.detail).toContain('revoked in this process');
  expect(revoked.detail).toContain('after a restart');
  expect(await problemOf(read())).toMatchObject({ status: 401, code: 'RevokedApiKey' });
  // The key stays revoked after all cached records have expired.
  await service.clock.advance(60_000);
  expect((await read()).status).toBe(401);
  expect((await archive('one-more')).status).toBe(503);
  expect((await service.store.list({ prefix: '' })).keys).toEqual(before.keys);

  expect((await service.admin('DELETE', '/executions/archived')).status).toBe(204);
  expect((await service.store.list({ prefix: 'archive/1/head/' })).keys).toEqual([]);
  service.store.fill(false);
  expect((await service.admin('POST', `/keys/${key.slice(4, 12)}/revoke`)).status).toBe(200);
  service.restart();
  expect((await read()).status).toBe(401);
});
