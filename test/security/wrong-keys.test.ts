/**
 * Tests what wrong credentials cost on all routes, measured in store reads and upstream calls instead of time.
 * test/access/access-security.test.ts tests the checks themselves.
 */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { generateApiKey } from '../../src/access/keys/api-key.ts';
import { FAILED_AUTHENTICATIONS } from '../../src/access/limits/rate-limit.ts';
import { path, problemOf, type ServiceUnderTest } from '../http/service-under-test.ts';
import { awsCall, bearer, EVENTS, everythingIn, openTenants, OWN, ticketFor, warm } from './tenants.ts';

const LIMIT = FAILED_AUTHENTICATIONS.requests;

/** Sends the key to every route that takes credentials, all from one address. Returns the statuses. */
async function tryEverywhere(service: ServiceUnderTest, key: string, from: string): Promise<number[]> {
  const ticket = encodeURIComponent(key);
  const aws = {
    method: 'POST',
    headers: {
      'X-Amz-Target': 'IotThingsGraphFrontEndService.ListFlowExecutionMessages',
      'X-Amz-Security-Token': key,
    },
    body: JSON.stringify({ flowExecutionId: OWN.ended }),
  };
  const requests: [string, RequestInit][] = [
    [path(OWN.ended), { headers: bearer(key) }],
    [path(OWN.ended), { headers: { 'X-API-Key': key } }],
    [path(OWN.ended), { headers: { ...bearer(key), ...EVENTS } }],
    [path(OWN.ended, '', ''), { headers: bearer(key) }],
    [path(OWN.ended, '', '/tickets'), { method: 'POST', headers: bearer(key) }],
    ['/v1/key', { headers: bearer(key) }],
    ['/v1/admin/keys', { headers: bearer(key) }],
    [path(OWN.ended, `ticket=${ticket}`), {}],
    ['/', aws],
  ];
  const statuses: number[] = [];
  for (const [url, init] of requests) {
    const response = await service.fetch(url, init, from);
    await everythingIn(response);
    statuses.push(response.status);
  }
  return statuses;
}

describe('a junk key', () => {
  test.each([
    'x',
    'ftk_',
    `ftk_${'a'.repeat(10)}_${'b'.repeat(38)}`,
    'a.b.c',
    '🔑'.repeat(3),
    'x'.repeat(8_000),
  ])('costs no store access and no upstream call on any route: %j', async (junk) => {
    const service = await openTenants();
    await warm(service);
    const before = [service.store.calls, service.calls()];
    const text = encodeURIComponent(junk);
    const statuses = await tryEverywhere(service, text, 'somebody');
    expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 401, expect.any(Number), 400]);
    expect([400, 401]).toContain(statuses[7]);
    expect([service.store.calls, service.calls()]).toEqual(before);
  });
});

describe('too many wrong keys from one address', () => {
  test('do not affect a valid key from the same address: its requests succeed, and cost no more reads and calls than before', async () => {
    const service = await openTenants();
    await warm(service);
    const key = await service.key({ tickets: true });
    const ticket = await ticketFor(service, key, OWN.ended);
    const ask = async () => [
      (await service.fetch(path(OWN.ended), { headers: bearer(key) })).status,
      (await service.fetch(path(OWN.ended, `ticket=${ticket}`))).status,
    ];
    expect(await ask()).toEqual([200, 200]);
    const cost = async () => {
      const before = [service.store.calls, service.calls()] as const;
      expect(await ask()).toEqual([200, 200]);
      return [service.store.calls - before[0], service.calls() - before[1]];
    };
    const quiet = await cost();
    const readsBefore = service.store.calls;
    const statuses = new Map<number, number>();
    for (let request = 0; request < 10_000; request++) {
      const headers = bearer(generateApiKey(randomBytes).text);
      const { status } = await service.fetch(path(OWN.ended), { headers });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (request % 2_500 === 1_250) expect(await cost()).toEqual(quiet);
    }
    expect(Object.fromEntries(statuses)).toEqual({ 401: LIMIT, 429: 10_000 - LIMIT });
    // Keys were looked up only until the lockout, each once. A look-up reads up to four records.
    expect(service.store.calls - readsBefore).toBeLessThanOrEqual((LIMIT + 1) * 4);
    expect(await cost()).toEqual(quiet);
  });

  test('get a Retry-After, and do not affect other addresses', async () => {
    const service = await openTenants();
    for (let request = 0; request <= LIMIT; request++)
      await service.fetch(path(OWN.ended), { headers: bearer('x') });
    const refused = await service.fetch(path(OWN.ended), { headers: bearer('x') });
    expect(refused.headers.get('Retry-After')).toMatch(/^\d+$/);
    expect(await problemOf(refused)).toMatchObject({
      code: 'RateLimitExceeded',
      detail: expect.stringMatching(
        /^30 requests with a wrong key.* came from this address.* Correct the credential/,
      ),
    });
    const aws = await awsCall(service, 'x', { flowExecutionId: OWN.ended });
    expect(await aws.text()).toMatch(
      /ThrottlingException.*wrong key.* came from this address.*Correct the credential/,
    );
    const elsewhere = await service.fetch(path(OWN.ended), { headers: bearer('x') }, '192.0.2.2');
    expect(elsewhere.status).toBe(401);
    await service.clock.advance(60_000);
    expect((await service.fetch(path(OWN.ended), { headers: bearer('x') })).status).toBe(401);
  });

  test('are counted for the real address, whatever address their headers claim', async () => {
    const service = await openTenants();
    const statuses: number[] = [];
    for (let request = 0; request < LIMIT + 5; request++) {
      const address = `203.0.113.${request}`;
      const forged = { 'X-Forwarded-For': address, 'CF-Connecting-IP': address, Forwarded: `for=${address}` };
      statuses.push(
        (await service.fetch(path(OWN.ended), { headers: { ...bearer('x'), ...forged } })).status,
      );
    }
    expect(statuses.slice(-5)).toEqual([429, 429, 429, 429, 429]);
  });
});
