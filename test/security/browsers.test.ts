/** Tests what browsers are allowed to read and store, and that no web page can use its visitor's credentials. */
import { describe, expect, test } from 'vitest';

import { ADMIN_TOKEN, path, type ServiceUnderTest } from '../http/service-under-test.ts';
import { awsCall, bearer, EVENTS, everythingIn, openTenants, OWN, ticketFor, warm } from './tenants.ts';

const ORIGIN = { Origin: 'https://evil.example' };

/** Returns one answer of every kind. `isCors` is true if pages of other origins are allowed to read it. */
async function everyKind(
  service: ServiceUnderTest,
): Promise<[name: string, response: Response, isCors: boolean][]> {
  await warm(service);
  const key = await service.key({ tickets: true });
  const headers = { ...ORIGIN, ...bearer(key) };
  const ticket = await ticketFor(service, key, OWN.ended);
  const url = path(OWN.ended);
  const get = (address: string, more: Record<string, string> = {}) =>
    service.fetch(address, { headers: { ...headers, ...more } });
  const page = await get(url);
  const stream = await get(url, EVENTS);
  const ids = [...(await stream.text()).matchAll(/^id: (.*)$/gm)].map(([, id]) => id ?? '');
  const limited = async () => {
    for (let n = 0; n < 40; n++) await service.fetch(url, { headers: bearer('x') }, 'flood');
    return service.fetch(url, { headers: { ...bearer('x'), ...ORIGIN, ...EVENTS } }, 'flood');
  };
  const preflight = {
    ...ORIGIN,
    'Access-Control-Request-Method': 'GET',
    'Access-Control-Request-Headers': 'x-api-key',
  };
  const post = { method: 'POST', headers };
  return [
    ['a page', page, true],
    [
      'a page for a ticket',
      await service.fetch(path(OWN.ended, `ticket=${ticket}`), { headers: ORIGIN }),
      true,
    ],
    ['304', await get(url, { 'If-None-Match': page.headers.get('ETag') ?? '' }), true],
    ['HEAD', await service.fetch(url, { method: 'HEAD', headers }), true],
    ['a summary', await get(path(OWN.ended, '', '')), true],
    ['a stream', await get(path(OWN.running), EVENTS), true],
    ['an archived stream', await get(url, EVENTS), true],
    ['204 after the end', await get(url, { ...EVENTS, 'Last-Event-ID': ids.at(-1) ?? '' }), true],
    ['a refused stream', await limited(), true],
    ['a created ticket', await service.fetch(path(OWN.ended, '', '/tickets'), post), true],
    ['the key', await get('/v1/key'), true],
    ['a preflight', await service.fetch(url, { method: 'OPTIONS', headers: preflight }), true],
    ['400', await get(path(OWN.ended, 'maxResults=0')), true],
    ['401', await service.fetch(url, { headers: ORIGIN }), true],
    ['404 upstream', await get(path('unknown', '', '')), true],
    ['405', await service.fetch(url, { method: 'DELETE', headers }), true],
    ['no such route', await get('/nowhere'), false],
    ['health', await get('/healthz'), false],
    ['AWS', await awsCall(service, key, { flowExecutionId: OWN.ended }), false],
    ['AWS refused', await awsCall(service, 'x', {}), false],
    [
      'admin',
      await service.fetch('/v1/admin/keys', { headers: { ...ORIGIN, ...bearer(ADMIN_TOKEN) } }),
      false,
    ],
    ['admin refused', await service.fetch('/v1/admin/keys', { headers: ORIGIN }), false],
    [
      'admin preflight',
      await service.fetch('/v1/admin/keys', { method: 'OPTIONS', headers: preflight }),
      false,
    ],
  ];
}

describe('every kind of answer', () => {
  test('has a request id and the security headers, sets no cookie, and is not stored by shared caches', async () => {
    for (const [name, { headers, status, body }] of await everyKind(await openTenants())) {
      const got = {
        name,
        id: headers.get('X-Request-Id'),
        hsts: headers.get('Strict-Transport-Security'),
        sniff: headers.get('X-Content-Type-Options'),
        referrer: headers.get('Referrer-Policy'),
        cookie: headers.get('Set-Cookie'),
        server: headers.get('Server') ?? headers.get('X-Powered-By'),
      };
      expect(got).toEqual({
        name,
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/),
        hsts: expect.stringMatching(/^max-age=\d{8}/),
        sniff: 'nosniff',
        referrer: 'no-referrer',
        cookie: null,
        server: null,
      });
      const caching = headers.get('Cache-Control');
      // Caches do not store answers to POST and OPTIONS by default, so these need no Cache-Control.
      if (caching !== null) expect(caching, name).toMatch(/private|no-store/);
      else expect(['AWS', 'AWS refused', 'a preflight']).toContain(name);
      if ([204, 304].includes(status) || name === 'HEAD') expect(body, name).toBeNull();
      else await body?.cancel();
    }
  });

  test('can be read by any origin on public routes, but never with the cookies of a visitor', async () => {
    for (const [name, { headers, body }, isCors] of await everyKind(await openTenants())) {
      expect(headers.get('Access-Control-Allow-Credentials'), name).toBeNull();
      expect(headers.get('Access-Control-Allow-Origin'), name).toBe(isCors ? '*' : null);
      expect(headers.get('Access-Control-Allow-Headers') ?? '', name).not.toContain('*');
      if (isCors && name !== 'a preflight') expect(headers.get('Vary'), name).toContain('Origin');
      await body?.cancel();
    }
  });
});

test('no header or body of an answer, and no log line, repeats the ticket of the request', async () => {
  const service = await openTenants();
  await warm(service);
  const key = await service.key({ tickets: true });
  const ticket = await ticketFor(service, key, OWN.ended);
  const queries = [
    `ticket=${ticket}&maxResults=1`,
    `maxResults=1&ticket=${ticket}`,
    `ticket=${ticket}&maxResults=0`,
    `ticket=${ticket}&cursor=${ticket}`,
    `ticket=${ticket}&ticket=${ticket}x`,
    `ticket=${ticket}x`,
    `maxResults=1&Ticket=${ticket}`,
    `maxResults=1&${ticket}`,
    `eventTypes=${ticket}`,
    `from=${ticket}`,
  ];
  let links = 0;
  for (const query of queries) {
    for (const accept of [{}, EVENTS]) {
      const headers = { ...accept, ...(!/\bticket=/.test(query) && bearer(key)) };
      const response = await service.fetch(path(OWN.ended, query), { headers });
      if (response.headers.has('Link')) links += 1;
      expect(JSON.stringify([...response.headers]), query).not.toContain(ticket.slice(-20));
      expect(await everythingIn(response), query).not.toContain(ticket.slice(-20));
    }
  }
  expect(links).toBeGreaterThan(2);
  expect(JSON.stringify(service.logged)).not.toContain(ticket.slice(-20));
});
