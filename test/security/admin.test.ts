/**
 * Tests how the admin API answers callers without the admin token. test/access/admin-token.test.ts tests how tokens
 * are compared.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { FAILED_AUTHENTICATIONS } from '../../src/access/limits/rate-limit.ts';
import { ADMIN_TOKEN, openService, problemOf, type ServiceUnderTest } from '../http/service-under-test.ts';
import { bearer, everythingStored, openTenants } from './tenants.ts';

const ROUTES: [method: string, url: string][] = [
  ['GET', '/v1/admin/keys'],
  ['POST', '/v1/admin/keys'],
  ['GET', '/v1/admin/keys/abcdefgh'],
  ['PATCH', '/v1/admin/keys/abcdefgh'],
  ['POST', '/v1/admin/keys/abcdefgh/rotate'],
  ['POST', '/v1/admin/keys/abcdefgh/revoke'],
  ['GET', '/v1/admin/executions'],
  ['GET', '/v1/admin/executions/x'],
  ['DELETE', '/v1/admin/executions/x'],
  ['PUT', '/v1/admin/executions/x/messages'],
  ['POST', '/v1/admin/probe'],
];

/** Sends a request. Returns the problem in its answer, without the request id. */
async function problemFrom(
  service: ServiceUnderTest,
  method: string,
  url: string,
  headers: Record<string, string>,
) {
  const response = await service.fetch(url, { method, headers });
  const { requestId: _, ...rest } = await problemOf(response);
  return rest;
}

describe('the admin API', () => {
  test.each(ROUTES)(
    'answers like an unknown path if the settings have no valid ADMIN_TOKEN: %s %s',
    async (method, url) => {
      for (const adminToken of ['', 'x'.repeat(31)]) {
        const off = await openServiceWithout(adminToken);
        const expected = await problemFrom(off, method, '/v1/adminx', {});
        expect(expected.status).toBe(404);
        for (const token of [ADMIN_TOKEN, adminToken, 'undefined', 'null', '']) {
          expect(await problemFrom(off, method, url, bearer(token))).toEqual(expected);
        }
        expect(await problemFrom(off, method, url, {})).toEqual(expected);
      }
    },
  );

  test.each(ROUTES)(
    'reads and writes nothing before it has authenticated the caller: %s %s',
    async (method, url) => {
      const service = await openTenants();
      const key = await service.key({ executions: ['*'], tickets: true });
      const before = await everythingStored(service);
      const reads = service.store.calls;
      for (const headers of [
        {},
        bearer(key),
        bearer(`${ADMIN_TOKEN}x`),
        bearer(''),
        { 'X-API-Key': ADMIN_TOKEN },
      ]) {
        // The admin token contains a comma, so the service reads two keys from X-API-Key and answers with a 400.
        expect([400, 401]).toContain((await service.fetch(url, { method, headers })).status);
        const encoded = url.replace('admin', '%61dmin');
        expect((await service.fetch(encoded, { method, headers })).status).toBe(404);
      }
      expect(service.store.calls).toBe(reads);
      expect(await everythingStored(service)).toBe(before);
    },
  );

  test('refuses every token from an address that sent 30 wrong tokens within a minute', async () => {
    const service = await openTenants();
    const guess = async (token: string, from: string) =>
      (await service.fetch('/v1/admin/keys', { headers: bearer(token) }, from)).status;
    const statuses: number[] = [];
    for (let n = 0; n < FAILED_AUTHENTICATIONS.requests + 10; n++)
      statuses.push(await guess(`guess ${n}`, 'guesser'));
    expect(statuses.filter((status) => status === 401)).toHaveLength(FAILED_AUTHENTICATIONS.requests);
    expect(await guess(ADMIN_TOKEN, 'guesser')).toBe(429);
    expect(await guess(ADMIN_TOKEN, 'somebody else')).toBe(200);
    await service.clock.advance(60_000);
    expect(await guess(ADMIN_TOKEN, 'guesser')).toBe(200);
  });

  test('forbids caching and access by other origins', async () => {
    const service = await openTenants();
    for (const [method, url] of ROUTES) {
      for (const headers of [bearer(ADMIN_TOKEN), {}]) {
        const origin = { Origin: 'https://evil.example', 'Access-Control-Request-Method': method };
        const response = await service.fetch(url, { method, headers: { ...headers, ...origin } });
        expect(response.headers.get('Cache-Control')).toBe('no-store');
        const names = [...response.headers.keys()];
        expect(names.filter((name) => name.startsWith('access-control-'))).toEqual([]);
      }
    }
  });
});

const openServiceWithout = (adminToken: string): Promise<ServiceUnderTest> => openService({ adminToken });

test.each(['admin-token.ts', 'authenticate.ts'])(
  'src/access/%s compares secrets in constant time',
  (name) => {
    const text = readFileSync(new URL(`../../src/access/${name}`, import.meta.url), 'utf8');
    expect(text).toMatch(/timingSafeEqual\(/);
    expect(text).not.toMatch(/(?:hash|token|expected|secret)\)? (?:===|!==) (?!undefined)/i);
  },
);
