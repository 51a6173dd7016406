/** What a request says who it is with, on the routes of executions; which keys are good is test/access/'s. */
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

  test('none, or one that is no key, is a 401 with a challenge', async () => {
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

  test('the same key twice is one; two different ones are a 400', async () => {
    const [key, other] = [await service.key(), await service.key()];
    expect((await get({ Authorization: `Bearer ${key}`, 'X-API-Key': key })).status).toBe(200);
    expect((await get({ Authorization: `bearer ${key}` })).status).toBe(200);
    expect(await problemOf(get({ Authorization: `Bearer ${key}`, 'X-API-Key': other }))).toMatchObject({
      status: 400,
      code: 'ConflictingCredentials',
    });
  });

  test('a key in the URL is a 400, even beside a good one', async () => {
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

  test('are asked for before anything is read of the execution, archived or not (invariant 5)', async () => {
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
