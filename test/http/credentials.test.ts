/** How the routes of executions read credentials from requests. test/access/ tests which keys are valid. */
import { beforeEach, describe, expect, test } from 'vitest';

import { endedLongAgo, openService, path, problemOf, type ServiceUnderTest } from './service-under-test.ts';

const ID = 'flow-1';

let service: ServiceUnderTest;
beforeEach(async () => {
  service = await openService();
  await service.script(ID, endedLongAgo(service.clock, 3));
});

describe('credentials', () => {
  const get = (headers: Record<string, string>, query = '') => service.fetch(path(ID, query), { headers });

  test('that are missing or not a key get a 401 with a challenge', async () => {
    for (const headers of [
      {},
      { Authorization: 'Bearer x' },
      { 'X-API-Key': 'x' },
      { Authorization: 'Basic eDp4' },
    ] as const) {
      const response = await get(headers);
      expect(response.status).toBe(401);
      expect(response.headers.get('WWW-Authenticate')).toMatch(/^Bearer realm="flowtap"/);
      expect(response.headers.get('Cache-Control')).toBe('no-store');
    }
  });

  test('can contain the same key twice, but two different keys are a 400', async () => {
    const [key, other] = [await service.key(), await service.key()];
    expect((await get({ Authorization: `Bearer ${key}`, 'X-API-Key': key })).status).toBe(200);
    expect((await get({ Authorization: `bearer ${key}` })).status).toBe(200);
    expect(await problemOf(get({ Authorization: `Bearer ${key}`, 'X-API-Key': other }))).toMatchObject({
      status: 400,
      code: 'ConflictingCredentials',
    });
  });

  test('for another service are ignored if the request also has a key', async () => {
    const key = await service.key({ tickets: true });
    for (const Authorization of [
      'Bearer eyJhbGciOi.eyJzdWIi.c2ln',
      'Basic dTpw',
      'Negotiate YII=',
      'Bearer x, Basic y',
    ]) {
      expect((await get({ Authorization, 'X-API-Key': key })).status).toBe(200);
    }
    expect((await get({ Authorization: `Bearer ${key}`, 'X-API-Key': 'of a gateway' })).status).toBe(200);
  });

  test('without Bearer get an answer that names their scheme, but never the key', async () => {
    const key = await service.key();
    const admin = { headers: { Authorization: 'Basic dTpw' } };
    for (const [answer, words] of [
      [get({ Authorization: key }), 'The Authorization header has no scheme.'],
      [get({ Authorization: `Token ${key}` }), 'The Authorization header has the scheme Token,'],
      [get({ Authorization: `ApiKey ${key}` }), 'The Authorization header has the scheme ApiKey,'],
      [get({ Authorization: 'Basic dTpw' }), 'The Authorization header has the scheme Basic,'],
      [get({ Authorization: 'Bearer' }), 'The Authorization header has nothing after its scheme Bearer.'],
      [get({}), 'Send an API key'],
      [service.fetch('/v1/admin/keys', admin), 'The Authorization header has the scheme Basic,'],
    ] as const) {
      const problem = await problemOf(answer);
      expect(problem).toMatchObject({ status: 401, code: 'MissingCredentials' });
      expect(problem.detail.startsWith(words), problem.detail).toBe(true);
      expect(problem.detail).toMatch(/ Authorization: Bearer <(key|token)>/);
      expect(JSON.stringify(problem)).not.toContain(key.slice(0, 20));
    }
  });

  test('a key in the URL is a 400, even if a header has a valid key', async () => {
    const key = await service.key();
    for (const query of [
      `api_key=${key}`,
      `x=${key}`,
      `access_token=anything`,
      `cursor=${encodeURIComponent(key)}`,
    ]) {
      expect(await problemOf(get({ 'X-API-Key': key }, query))).toMatchObject({
        status: 400,
        code: 'KeyInUrl',
      });
    }
  });

  test('are checked before anything of the execution is read, whether archived or not (invariant 5)', async () => {
    const key = await service.key({ executions: ['other'] });
    await service.get(path(ID, 'last=1'));
    await service.clock.advance(1);
    const calls = service.calls();
    const reads = service.store.reads('archive/');
    for (const url of [path(ID), path(ID, '', ''), path(ID, 'maxResults=0'), path('unknown')]) {
      expect((await service.fetch(url, { headers: { 'X-API-Key': key } })).status).toBe(403);
      expect((await service.fetch(url)).status).toBe(401);
    }
    expect({ calls: service.calls(), reads: service.store.reads('archive/') }).toEqual({ calls, reads });
  });
});
