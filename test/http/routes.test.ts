import { describe, expect, test } from 'vitest';

import { ADMIN_TOKEN, endedLongAgo, openService, ORIGIN, path, problemOf } from './service-under-test.ts';

const ID = 'flow-1';

describe('routes', () => {
  test.each([
    '/',
    '/v1',
    '/v2/executions/x/messages',
    '/v1/executionsx',
    '/v1/keys',
    '/favicon.ico',
    '//',
    '/%',
  ])('%s is a 404 problem', async (url) => {
    const service = await openService();
    const response = await service.get(url);
    expect(await problemOf(response)).toMatchObject({ status: 404, code: 'NotFound' });
    expect(response.status).toBe(404);
    expect(response.headers.get('X-Request-Id')).not.toBeNull();
  });

  test.each([
    ['PUT', path(ID), 'GET, HEAD, OPTIONS'],
    ['POST', path(ID), 'GET, HEAD, OPTIONS'],
    ['DELETE', path(ID, '', ''), 'GET, HEAD, OPTIONS'],
    ['GET', path(ID, '', '/tickets'), 'POST, OPTIONS'],
    ['HEAD', path(ID, '', '/tickets'), 'POST, OPTIONS'],
    ['PATCH', '/v1/key', 'GET, HEAD, OPTIONS'],
    ['POST', '/healthz', 'GET, HEAD, OPTIONS'],
    // Properties that every object inherits must not count as methods.
    ['constructor', path(ID), 'GET, HEAD, OPTIONS'],
    ['toString', '/v1/key', 'GET, HEAD, OPTIONS'],
  ])('%s %s is a 405 that lists the allowed methods', async (method, url, allow) => {
    const service = await openService();
    const response = await service.fetch(url, { method });
    expect({ status: response.status, allow: response.headers.get('Allow') }).toEqual({ status: 405, allow });
    if (method !== 'HEAD') expect(await problemOf(response)).toMatchObject({ code: 'MethodNotAllowed' });
  });

  test('/healthz returns ok and the version, even if upstream and store are down', async () => {
    const service = await openService();
    service.stopUpstream();
    service.store.failReads();
    const response = await service.fetch('/healthz');
    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 200,
      body: { status: 'ok', version: '1.2.3-test' },
    });
    expect(response.headers.get('Cache-Control')).toBe('no-store');
  });

  test('every answer has its own request id and the security headers', async () => {
    const service = await openService();
    await service.script(ID, endedLongAgo(service.clock, 3));
    const answers = await Promise.all([
      service.get(path(ID)),
      service.get(path(ID, '', '')),
      service.get('/v1/key'),
      service.get('/nowhere'),
      service.fetch(path(ID)),
      service.fetch('/healthz'),
      service.admin('GET', '/keys'),
      service.fetch('/v1/admin/keys'),
      service.fetch(path(ID), {
        method: 'OPTIONS',
        headers: { Origin: 'https://a.example', 'Access-Control-Request-Method': 'GET' },
      }),
      service.fetch(path(ID), { headers: { 'X-Request-Id': 'chosen by the caller' } }),
    ]);
    const requestIds = answers.map(({ headers }) => headers.get('X-Request-Id'));
    for (const requestId of requestIds) expect(requestId).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    expect(new Set(requestIds).size).toBe(answers.length);
    for (const { headers } of answers) {
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('Referrer-Policy')).toBe('no-referrer');
      expect(headers.get('Strict-Transport-Security')).toMatch(/^max-age=\d{8}/);
    }
  });
});

describe('the request log', () => {
  test('has one line per request, with the key, the execution and the upstream calls', async () => {
    const service = await openService();
    await service.script(ID, endedLongAgo(service.clock, 3));
    const before = service.requests().length;
    const response = await service.get(path(ID, 'maxResults=2'));
    expect(service.requests().slice(before)).toEqual([
      {
        event: 'request',
        level: 'info',
        requestId: response.headers.get('X-Request-Id'),
        method: 'GET',
        route: 'execution-messages',
        status: 200,
        ms: expect.any(Number),
        keyId: expect.stringMatching(/^\w{8,10}$/),
        execution: ID,
        source: 'things-graph',
        upstreamCalls: 1,
      },
    ]);
  });

  test('has one line per refused request, with the reason', async () => {
    const service = await openService();
    const before = service.requests().length;
    await service.fetch(path(ID));
    await service.get('/nowhere');
    await service.get(path(ID, 'maxResults=0'));
    await service.fetch(path(ID), {
      method: 'OPTIONS',
      headers: { Origin: 'https://a.example', 'Access-Control-Request-Method': 'GET' },
    });
    expect(
      service
        .requests()
        .slice(before)
        .map(({ route, status, failure }) => ({ route, status, failure })),
    ).toEqual([
      { route: 'execution-messages', status: 401, failure: 'missing-credentials' },
      { route: 'none', status: 404, failure: 'no-such-route' },
      { route: 'execution-messages', status: 400, failure: 'invalid-input' },
      { route: 'preflight', status: 204, failure: undefined },
    ]);
  });

  test('never contains a key, a token, a ticket, a cursor or a payload', async () => {
    const service = await openService();
    const key = await service.key({ tickets: true });
    await service.script(ID, [{ eventType: 'EXECUTION_STARTED', payload: 'the customer’s own words' }]);
    const headers = { Authorization: `Bearer ${key}` };
    const created = await service.fetch(path(ID, '', '/tickets'), { method: 'POST', headers });
    // Safety: the route answers with a ticket.
    const { ticket } = (await created.json()) as { ticket: string };
    // Safety: the route answers with a page.
    const { cursor } = (await (await service.fetch(path(ID), { headers })).json()) as { cursor: string };
    await service.fetch(path(ID, `ticket=${ticket}&cursor=${cursor}`));
    await service.fetch(path(ID, `api_key=${key}`));
    await service.fetch(`/v1/executions/${key}/messages`);
    await service.fetch(`/v1/admin/keys/${key}`, { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });
    await service.fetch(`/v1/admin/keys/${key.slice(0, 31)}/rotate`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    await service.fetch(path(ID), { headers: { 'X-API-Key': `${key}x` } });
    await service.faults({ xmlErrorRate: 1 });
    await service.clock.advance(1_001);
    await service.fetch(path(ID), { headers });
    const log = JSON.stringify(service.logged);
    for (const secret of [
      key,
      key.slice(15, 40),
      ADMIN_TOKEN,
      ticket,
      cursor,
      'own words',
      'the secret of the upstream',
    ]) {
      expect(log).not.toContain(secret);
    }
  });
});

describe('a browser on another origin', () => {
  const preflight = {
    Origin: 'https://partner.example',
    'Access-Control-Request-Method': 'GET',
    'Access-Control-Request-Headers': 'authorization,last-event-id',
  };

  test.each([path(ID), path(ID, '', ''), path(ID, '', '/tickets'), '/v1/key'])(
    'may send requests to %s',
    async (url) => {
      const service = await openService();
      const response = await service.fetch(url, { method: 'OPTIONS', headers: preflight });
      expect(response.status).toBe(204);
      expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
      expect(response.headers.get('Access-Control-Allow-Credentials')).toBeNull();
      expect(response.headers.get('Access-Control-Allow-Methods')?.split(',')).toEqual([
        'GET',
        'HEAD',
        'POST',
      ]);
      const allowed = response.headers.get('Access-Control-Allow-Headers')?.toLowerCase().split(',');
      expect(allowed).toEqual(
        expect.arrayContaining(
          // We read the headers in the first line. EventSource polyfills and tracing SDKs add the others.
          `authorization x-api-key last-event-id content-type if-none-match
          cache-control pragma x-requested-with if-modified-since
          traceparent tracestate baggage sentry-trace b3 x-b3-traceid x-datadog-trace-id newrelic`.split(
            /\s+/,
          ),
        ),
      );
      expect(Number(response.headers.get('Access-Control-Max-Age'))).toBeGreaterThan(600);
    },
  );

  test('may read answers and problems, with the headers that it needs', async () => {
    const service = await openService();
    await service.script(ID, endedLongAgo(service.clock, 3));
    for (const response of [
      await service.get(path(ID), { Origin: 'https://partner.example' }),
      await service.get(path(ID), { Origin: 'https://partner.example', Accept: 'text/event-stream' }),
      await service.fetch(path(ID), { headers: { Origin: 'https://partner.example' } }),
      await service.get(path('unknown'), { Origin: 'https://partner.example' }),
    ]) {
      expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
      expect(response.headers.get('Access-Control-Expose-Headers')?.split(',')).toEqual(
        expect.arrayContaining(['Retry-After', 'X-Request-Id', 'ETag', 'Link']),
      );
      expect(response.headers.get('Vary')).toContain('Origin');
      await response.body?.cancel();
    }
  });

  test('may call only from the origins that CORS_ORIGINS lists, if it is set', async () => {
    const service = await openService({ corsOrigins: ['https://partner.example', 'https://other.example'] });
    await service.script(ID, endedLongAgo(service.clock, 3));
    const allowed = async (origin: string) => {
      const response = await service.get(path(ID), { Origin: origin });
      expect(response.headers.get('Vary')).toMatch(/^Accept, Authorization, X-API-Key, Origin\b/);
      const asked = await service.fetch(path(ID), {
        method: 'OPTIONS',
        headers: { ...preflight, Origin: origin },
      });
      expect(asked.headers.get('Vary')).toContain('Origin');
      expect(asked.headers.get('Access-Control-Allow-Origin')).toBe(
        response.headers.get('Access-Control-Allow-Origin'),
      );
      return response.headers.get('Access-Control-Allow-Origin');
    };
    expect(await allowed('https://partner.example')).toBe('https://partner.example');
    expect(await allowed('https://other.example')).toBe('https://other.example');
    expect(await allowed('https://evil.example')).toBeNull();
  });

  test('may not call /v1/admin', async () => {
    const service = await openService();
    for (const url of [
      '/v1/admin/keys',
      '/v1/admin/keys/x/rotate',
      '/v1/admin/executions',
      '/v1/admin/executions/x/messages',
      '/v1/admin/probe',
    ]) {
      const asked = await service.fetch(url, { method: 'OPTIONS', headers: preflight });
      const read = await service.fetch(url, {
        headers: { Origin: ORIGIN, Authorization: `Bearer ${ADMIN_TOKEN}` },
      });
      for (const { headers } of [asked, read]) {
        expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
      }
      expect(asked.ok).toBe(false);
    }
  });
});

describe('PUBLIC_URL', () => {
  const streamUrlOf = async (publicUrl?: string): Promise<string> => {
    const service = await openService(publicUrl === undefined ? {} : { publicUrl });
    const headers = { Authorization: `Bearer ${await service.key({ tickets: true })}` };
    const created = await service.fetch(path('a/b', '', '/tickets'), { method: 'POST', headers });
    // Safety: the route answers with a ticket.
    return ((await created.json()) as { streamUrl: string }).streamUrl;
  };

  test('is the start of each streamUrl, including its path, and defaults to the origin of the request', async () => {
    expect(await streamUrlOf('https://api.example.com/flowtap')).toMatch(
      /^https:\/\/api\.example\.com\/flowtap\/v1\/executions\/a%2Fb\/messages\?ticket=eyJ/,
    );
    expect(await streamUrlOf()).toMatch(
      /^https:\/\/flowtap\.example\/v1\/executions\/a%2Fb\/messages\?ticket=eyJ/,
    );
  });

  test('is the start of each problem type, in answers and in streams', async () => {
    const service = await openService({ publicUrl: 'https://api.example.com/flowtap' });
    const problems = 'https://api.example.com/flowtap/docs/problems#';
    expect((await problemOf(service.fetch('/nowhere'))).type).toBe(`${problems}NotFound`);
    service.stopUpstream();
    const refused = service.get(path('x'), { Accept: 'text/event-stream' });
    await service.clock.advance(60_000);
    expect(await (await refused).text()).toContain(`${problems}InternalFailureException`);
  });
});
