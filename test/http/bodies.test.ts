/** Refused request bodies: invalid ones, with one sentence per error, and compressed ones. */
import { beforeAll, describe, expect, test } from 'vitest';

import { ADMIN_TOKEN, openService, path, problemOf, type ServiceUnderTest } from './service-under-test.ts';

const ID = 'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_1';

let service: ServiceUnderTest;
beforeAll(async () => {
  service = await openService();
});

describe('a body', () => {
  test('with several errors gets a problem with one sentence for each', async () => {
    const problem = await problemOf(
      service.admin('POST', '/keys', { name: '', executions: 'x', paylods: 'full' }),
    );
    expect(problem.errors).toHaveLength(4);
    expect(problem.detail).toBe(
      'name: must not be empty. executions: must be a list of patterns. payloads: must be "full", "names" or "none". ' +
        'paylods: is not known here.',
    );
    const ticket = await service.fetch(path(ID, '', '/tickets'), {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${await service.key({ tickets: true })}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ ttlSeconds: 0, payloads: 'some' }),
    });
    expect((await problemOf(ticket)).detail).toMatch(/^ttlSeconds: must be at least 1\. payloads: .*\.$/);
  });

  const gzip = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);

  test.each([
    ['POST', '/v1/admin/keys', 'gzip'],
    ['PATCH', '/v1/admin/keys/abcdefgh', 'gzip'],
    ['POST', '/v1/admin/keys/abcdefgh/rotate', 'br'],
    ['PUT', '/v1/admin/executions/imported/messages', 'gzip'],
    ['POST', path(ID, '', '/tickets'), 'deflate'],
    ['POST', path(ID, '', '/tickets'), 'GZIP, identity'],
  ])('of %s %s with Content-Encoding is a 415 that names this header', async (method, url, encoding) => {
    const credential = url.startsWith('/v1/admin') ? ADMIN_TOKEN : await service.key({ tickets: true });
    const headers = { Authorization: `Bearer ${credential}`, 'Content-Encoding': encoding };
    const response = await service.fetch(url, { method, headers, body: gzip });
    expect([response.status, response.headers.get('Accept-Encoding')]).toEqual([415, 'identity']);
    expect(await problemOf(response)).toMatchObject({
      code: 'UnsupportedMediaType',
      detail: expect.stringContaining('Content-Encoding'),
    });
  });

  test('that declares the identity encoding is accepted', async () => {
    const response = await service.admin(
      'POST',
      '/keys',
      { name: 'x', executions: ['y'], payloads: 'none' },
      {
        'Content-Encoding': 'identity',
      },
    );
    expect(response.status).toBe(201);
  });
});
