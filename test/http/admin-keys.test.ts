import { beforeEach, describe, expect, test } from 'vitest';

import {
  ADMIN_TOKEN,
  endedLongAgo,
  openService,
  path,
  problemOf,
  type ServiceUnderTest,
} from './service-under-test.ts';

const ID = 'flow-1';
const INPUT = { name: 'partner', executions: ['flow-*'], payloads: 'full' };

let service: ServiceUnderTest;
beforeEach(async () => {
  service = await openService();
  await service.script(ID, endedLongAgo(service.clock, 3));
});

interface Key {
  readonly key: string;
  readonly id: string;
  readonly credentialId: string;
  readonly status: string;
}
/** Safety: the route answers with such a key. Tests check its members. */
const keyOf = async (response: Response | Promise<Response>): Promise<Key> =>
  (await (await response).json()) as Key;

const read = async (key: string, id = ID): Promise<number> =>
  (await service.fetch(path(id), { headers: { 'X-API-Key': key } })).status;

/** Waits until the same record can be written again. The store accepts one write of a record per second. */
const aSecond = () => service.clock.advance(1_000);

describe('a key', () => {
  test('is shown only when it is created, and reads exactly its executions', async () => {
    const response = await service.admin('POST', '/keys', INPUT);
    expect(response.status).toBe(201);
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    const made = await keyOf(response);
    expect(made).toMatchObject({
      ...INPUT,
      status: 'active',
      tickets: false,
      tier: 'standard',
      streamLimit: 100,
      totalStreamLimit: 1000,
    });
    expect(made.key).toMatch(/^ftk_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}$/);
    expect(await read(made.key)).toBe(200);
    expect(await read(made.key, 'other')).toBe(403);
    for (const url of [`/keys/${made.id}`, '/keys']) {
      const shown = await (await service.admin('GET', url)).text();
      expect(shown).toContain(made.id);
      expect(shown).not.toContain(made.key.slice(15));
    }
  });

  test('can be changed', async () => {
    const made = await keyOf(service.admin('POST', '/keys', INPUT));
    await aSecond();
    const changed = await service.admin('PATCH', `/keys/${made.id}`, {
      executions: ['other'],
      name: 'renamed',
    });
    expect(await changed.json()).toMatchObject({
      name: 'renamed',
      executions: ['other'],
      changedAt: expect.any(String),
    });
    expect(await read(made.key)).toBe(403);
  });

  test('can be rotated: the new credential works immediately, and the old one works until the overlap ends', async () => {
    const made = await keyOf(service.admin('POST', '/keys', INPUT));
    await aSecond();
    const response = await service.admin('POST', `/keys/${made.id}/rotate`, { overlapSeconds: 3_600 });
    expect(response.status).toBe(201);
    const rotated = await keyOf(response);
    expect(rotated.id).toBe(made.id);
    expect([await read(made.key), await read(rotated.key)]).toEqual([200, 200]);
    await service.clock.advance(3_601_000);
    expect([await read(made.key), await read(rotated.key)]).toEqual([401, 200]);
  });

  test('can be revoked permanently', async () => {
    const made = await keyOf(service.admin('POST', '/keys', INPUT));
    expect(await read(made.key)).toBe(200);
    await aSecond();
    expect(await keyOf(service.admin('POST', `/keys/${made.id}/revoke`))).toMatchObject({
      status: 'revoked',
    });
    const refused = await service.fetch(path(ID), { headers: { 'X-API-Key': made.key } });
    expect(await problemOf(refused)).toMatchObject({ status: 401, code: 'RevokedApiKey' });
    expect(refused.headers.get('WWW-Authenticate')).toMatch(/^Bearer /);
    expect((await service.admin('PATCH', `/keys/${made.id}`, { name: 'x' })).status).toBe(409);
    expect((await service.admin('POST', `/keys/${made.id}/rotate`)).status).toBe(409);
  });

  test('can look up its own permissions', async () => {
    const key = await service.key({ name: 'me', executions: ['flow-*'], tier: 'standard', tickets: true });
    const ask = (query: string) =>
      service.fetch(`/v1/key${query}`, { headers: { Authorization: `Bearer ${key}` } });
    const response = await ask('');
    expect(response.headers.get('Cache-Control')).toBe('private, no-store');
    expect(await response.json()).toEqual({
      id: key.slice(4, 12),
      name: 'me',
      executions: ['flow-*'],
      payloads: 'full',
      tickets: true,
      tier: 'standard',
      limits: { requests: 100, periodSeconds: 10, streamsPerExecution: 100, streams: 1000 },
    });
    expect(await (await ask('?flowExecutionId=flow-7')).json()).toMatchObject({ allowed: true });
    expect(await (await ask('?flowExecutionId=other')).json()).toMatchObject({ allowed: false });
    for (const query of [
      '?flowExecutionId=',
      '?flowExecutionId=a%00',
      '?flowExecutionId=a&flowExecutionId=b',
    ]) {
      expect((await problemOf(ask(query))).errors).toMatchObject([{ in: 'query', name: 'flowExecutionId' }]);
    }
  });

  test('of the standard tier gets 100 requests in 10 s, then 429 with Retry-After', async () => {
    const key = await service.key({ tier: 'standard' });
    for (let request = 0; request < 100; request++) expect(await read(key)).toBe(200);
    const refused = await service.fetch(path(ID), { headers: { 'X-API-Key': key } });
    expect(await problemOf(refused)).toMatchObject({
      status: 429,
      code: 'RateLimitExceeded',
      detail: expect.stringContaining('This key has sent too many requests'),
    });
    expect(refused.headers.get('Retry-After')).toBe('10');
    await service.clock.advance(10_000);
    expect(await read(key)).toBe(200);
  });
});

describe('the list of keys', () => {
  test('has each key once over all pages', async () => {
    for (let n = 0; n < 5; n++) await service.key({ name: `key ${n}` });
    const names: string[] = [];
    for (let query = '?limit=2'; ;) {
      const response = await service.admin('GET', `/keys${query}`);
      // Safety: the route answers with such a list.
      const { keys, cursor } = (await response.json()) as { keys: { name: string }[]; cursor?: string };
      expect(keys.length).toBeLessThanOrEqual(2);
      names.push(...keys.map(({ name }) => name));
      if (cursor === undefined) break;
      query = `?limit=2&cursor=${cursor}`;
    }
    expect(names.toSorted()).toEqual(['key 0', 'key 1', 'key 2', 'key 3', 'key 4', 'test']);
  });
});

describe('an invalid admin request', () => {
  test.each([
    ['POST', '/keys', undefined, 400],
    ['POST', '/keys', {}, 400],
    ['POST', '/keys', { ...INPUT, payloads: undefined }, 400],
    ['POST', '/keys', { ...INPUT, execution: ['x'] }, 400],
    ['POST', '/keys', { ...INPUT, expiresAt: '2020-01-01T00:00:00Z' }, 400],
    ['POST', '/keys', { ...INPUT, name: 'x'.repeat(70_000) }, 413],
    ['GET', '/keys?limit=0', undefined, 400],
    ['GET', '/keys?limit=x', undefined, 400],
    ['GET', '/keys/aaaaaaaa', undefined, 404],
    ['GET', '/keys/', undefined, 404],
    ['GET', '/keys/%zz', undefined, 404],
    ['GET', '/keys/..%2f..%2fconfig', undefined, 404],
    ['PATCH', '/keys/aaaaaaaa', { name: 'x' }, 404],
    ['POST', '/keys/aaaaaaaa/rotate', undefined, 404],
    ['POST', '/keys/aaaaaaaa/revoke', undefined, 404],
    ['POST', '/keys/aaaaaaaa/nothing', undefined, 404],
    ['POST', '/keys/aaaaaaaa/revoke/more', undefined, 404],
    ['PUT', '/keys', {}, 405],
    ['DELETE', '/keys/aaaaaaaa', undefined, 405],
    ['GET', '/keys/aaaaaaaa/rotate', undefined, 405],
    ['POST', '/executions/x', undefined, 405],
    ['POST', '/executions/x/messages', undefined, 405],
    ['POST', '/executions/x/tickets', undefined, 404],
    ['GET', '/nothing', undefined, 404],
  ])('%s %s %j gets a problem with status %i', async (method, url, body, status) => {
    const response = await service.admin(method, url, body);
    const problem = await problemOf(response);
    expect({ status: response.status, problem: problem.status }).toEqual({ status, problem: status });
    if (status === 405) expect(response.headers.get('Allow')).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
  });

  test('with a body that is not JSON gets a 400, and one with another media type a 415', async () => {
    expect(
      (await service.admin('POST', '/keys', '{"name":', { 'Content-Type': 'application/json' })).status,
    ).toBe(400);
    expect(
      (await service.admin('POST', '/keys', JSON.stringify(INPUT), { 'Content-Type': 'text/plain' })).status,
    ).toBe(415);
  });
});

describe('the admin API', () => {
  test.each([
    ['no token', 'MissingCredentials', {}],
    ['a wrong token', 'InvalidApiKey', { Authorization: `Bearer ${ADMIN_TOKEN}x` }],
    ['the token in X-API-Key', 'MissingCredentials', { 'X-API-Key': ADMIN_TOKEN.replace(',', '') }],
    ['another scheme', 'MissingCredentials', { Authorization: `Basic ${ADMIN_TOKEN}` }],
  ])('called with %s answers with a 401 about the admin token', async (_, code, headers) => {
    for (const url of [
      '/v1/admin/keys',
      '/v1/admin/keys/x',
      '/v1/admin/executions',
      '/v1/admin/executions/x/messages',
    ]) {
      const problem = await problemOf(service.fetch(url, { headers }));
      expect(problem).toMatchObject({ status: 401, code });
      expect(problem.title).toMatch(/admin token$/);
      expect(problem.detail).toMatch(/admin token.* ADMIN_TOKEN/);
      expect(problem.detail).not.toMatch(/ftk_|X-API-Key/);
    }
  });

  test('called with an API key answers with a 401 that says that API keys are not accepted', async () => {
    const headers = { Authorization: `Bearer ${await service.key()}` };
    expect(await problemOf(service.fetch('/v1/admin/keys', { headers }))).toMatchObject({
      status: 401,
      code: 'InvalidApiKey',
      title: 'Wrong admin token',
      detail: expect.stringContaining('API keys are not accepted here'),
    });
    // The 401 of other routes mentions the API key, not the admin token.
    expect(await problemOf(service.fetch('/v1/key'))).toMatchObject({ title: 'No API key' });
    const wrong = { Authorization: `Bearer ${ADMIN_TOKEN.replace(',', '')}` };
    expect(await problemOf(service.fetch('/v1/key', { headers: wrong }))).toMatchObject({
      title: 'Unknown API key',
    });
  });

  test('called with the token in the URL answers with a 400', async () => {
    expect((await service.admin('GET', `/keys?access_token=${encodeURIComponent(ADMIN_TOKEN)}`)).status).toBe(
      400,
    );
  });

  test('does not exist without ADMIN_TOKEN', async () => {
    const off = await openService({ adminToken: '' });
    expect(await problemOf(off.admin('GET', '/keys'))).toMatchObject({ status: 404, code: 'NotFound' });
    await expect(off.key()).rejects.toThrow('NotFound');
  });
});
