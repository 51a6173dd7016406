import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SourceFailure } from '../../src/core/errors.ts';
import { PAGE, startHostileUpstream, type HostileUpstream } from './hostile-upstream.ts';
import { CREDENTIALS, nextTurn, thingsGraphUnderTest, until } from './things-graph-under-test.ts';

let upstream: HostileUpstream;
let stranger: HostileUpstream;

beforeAll(async () => {
  stranger = await startHostileUpstream();
  upstream = await startHostileUpstream({
    '/redirect': (response) => response.writeHead(307, { location: stranger.url('/page').href }).end(),
    '/redirect-body': (response) =>
      response.writeHead(301, { location: stranger.url('/page').href }).end('x'.repeat(100_000)),
    '/echo': (response, _hit, request) =>
      response.writeHead(403).end(
        JSON.stringify({
          __type: 'InvalidSignatureException',
          message: `${CREDENTIALS.secretAccessKey} ${'x'.repeat(120)} ${JSON.stringify(request.headers)}`,
        }),
      ),
    '/echo-500': (response, _hit, request) =>
      response
        .writeHead(500, { 'content-type': String(request.headers['x-amz-security-token']) })
        .end(JSON.stringify({ message: String(request.headers['x-amz-security-token']).repeat(20) })),
    '/huge-message': (response) =>
      response
        .writeHead(400)
        .end(JSON.stringify({ __type: 'AccessDeniedException', message: 'no\n'.repeat(10_000) })),
    '/shape': (response, _hit, request) =>
      response.end(decodeURIComponent(String(request.url).replace('/shape?', ''))),
  });
});

afterAll(async () => {
  await upstream.close();
  await stranger.close();
});

const asPage = {
  messages: [{ ...PAGE.messages[0], timestamp: '2019-05-30T20:19:00.656Z' }],
  nextToken: 'more',
};

describe('a misbehaving upstream leads to a page or to a failure of the right type', () => {
  const pages: [route: string, attempts: number][] = [
    ['/page', 1],
    ['/gzip-page', 1],
    ['/bom', 1],
    ['/throttled-twice', 3],
    ['/internal-once', 2],
    ['/reset-twice', 3],
    ['/cut-body-once', 2],
  ];
  test.each(pages)('%s: a page after %i attempts', async (route, attempts) => {
    const { page, throughBackoff, attempts: made } = thingsGraphUnderTest(upstream.url(route));
    expect(await throughBackoff(page())).toEqual({ ok: true, value: asPage });
    expect(made()).toBe(attempts);
  });

  const failures: [route: string, type: SourceFailure['type'], attempts: number][] = [
    ['/invalid-request', 'upstream-invalid-request', 1],
    ['/not-found', 'upstream-not-found', 1],
    ['/not-found-500', 'upstream-not-found', 1],
    ['/not-found-200', 'upstream-not-found', 1],
    ['/not-found-url', 'upstream-not-found', 1],
    ['/not-found-header', 'upstream-not-found', 1],
    ['/not-found-code', 'upstream-not-found', 1],
    ['/header-before-body', 'upstream-not-found', 1],
    ['/junk-header', 'upstream-not-found', 1],
    ['/throttled', 'upstream-throttled', 4],
    ['/throttled-200', 'upstream-throttled', 4],
    ['/throttled-429', 'upstream-throttled', 4],
    ['/throttled-429-html', 'upstream-throttled', 4],
    ['/throttled-xml', 'upstream-throttled', 4],
    ['/slow-down', 'upstream-throttled', 4],
    ['/internal', 'upstream-internal', 4],
    ['/internal-400', 'upstream-internal', 4],
    ['/xml-500', 'upstream-internal', 4],
    ['/html-502', 'upstream-internal', 4],
    ['/empty-503', 'upstream-internal', 4],
    ['/huge-503', 'upstream-internal', 4],
    ['/reset', 'upstream-internal', 4],
    ['/cut-body', 'upstream-internal', 4],
    ['/not-gzip', 'upstream-internal', 4],
    ['/not-http', 'upstream-internal', 4],
    ['/access-denied', 'upstream-broken', 1],
    ['/expired-credentials', 'upstream-broken', 1],
    ['/xml-403', 'upstream-broken', 1],
    ['/html-403', 'upstream-broken', 1],
    ['/html-200', 'upstream-broken', 1],
    ['/half-json', 'upstream-broken', 1],
    ['/empty-200', 'upstream-broken', 1],
    ['/empty-204', 'upstream-broken', 1],
    ['/not-modified', 'upstream-broken', 1],
    ['/redirect', 'upstream-broken', 1],
    ['/redirect-body', 'upstream-broken', 1],
    ['/40-mb', 'upstream-too-large', 1],
    ['/40-mb-announced', 'upstream-too-large', 1],
    ['/gzip-bomb', 'upstream-too-large', 1],
  ];
  test.each(failures)('%s: %s after %i attempts', async (route, type, attempts) => {
    const { page, throughBackoff, attempts: made, clock } = thingsGraphUnderTest(upstream.url(route));
    const result = await throughBackoff(page());
    expect(result).toMatchObject({
      ok: false,
      failure: { type, internal: expect.stringContaining('ListFlow') },
    });
    expect(made()).toBe(attempts);
    expect(upstream.requests.filter(({ url }) => url === route)).toHaveLength(attempts);
    expect(clock.sleepers).toBe(0);
  });

  test('a refused connection: upstream-internal after 4 attempts', async () => {
    const gone = await startHostileUpstream();
    const url = gone.url('/page');
    await gone.close();
    const { page, throughBackoff, attempts } = thingsGraphUnderTest(url);
    const result = await throughBackoff(page());
    expect(result).toMatchObject({ ok: false, failure: { type: 'upstream-internal' } });
    expect(JSON.stringify(result)).toContain('ECONNREFUSED');
    expect(attempts()).toBe(4);
  });
});

test('a redirect is never followed, so that no other host gets the session token', () => {
  // Runs after the tests above, which requested both redirecting routes.
  expect(upstream.requests.some(({ url }) => url === '/redirect')).toBe(true);
  expect(stranger.requests).toEqual([]);
});

test.each(['/40-mb', '/40-mb-announced', '/huge-503', '/redirect-body'])(
  '%s: the unwanted rest of an answer is not read, and its connection is closed',
  async (route) => {
    const server = await startHostileUpstream({
      '/redirect-body': (response) => {
        response.writeHead(307, { location: '/page' });
        const chunk = Buffer.alloc(64 * 1024, ' ');
        const more = () => {
          let room = true;
          while (room && !response.destroyed) room = response.write(chunk);
        };
        response.on('drain', more);
        more();
      },
    });
    try {
      const { page, throughBackoff } = thingsGraphUnderTest(server.url(route));
      await throughBackoff(page());
      await until(() => server.cutShort() === server.requests.length);
      expect(server.sentBytes()).toBeLessThan(30 * 1024 * 1024 * server.requests.length);
    } finally {
      await server.close();
    }
  },
);

const SHAPES: readonly string[] = [
  'null',
  '[]',
  '"text"',
  '17',
  '{"messages":{}}',
  '{"messages":"none"}',
  '{"messages":[null]}',
  '{"messages":[[]]}',
  '{"messages":[{"messageId":7}]}',
  '{"messages":[{"eventType":[]}]}',
  '{"messages":[{"payload":{}}]}',
  '{"messages":[{"timestamp":"2019-05-30T22:45:40.656Z"}]}',
  '{"messages":[{"timestamp":1e999}]}',
  '{"messages":[{"timestamp":1559247540656}]}',
  '{"messages":[],"nextToken":7}',
  '['.repeat(8_000),
];

test.each(SHAPES.map((shape) => [shape.slice(0, 60), shape]))(
  'an answer with a wrong shape is upstream-broken, without a retry: %s',
  async (_, shape = '') => {
    const { page, throughBackoff, attempts } = thingsGraphUnderTest(
      upstream.url(`/shape?${encodeURIComponent(shape)}`),
    );
    const result = await throughBackoff(page());
    expect(result).toMatchObject({ ok: false, failure: { type: 'upstream-broken' } });
    expect(attempts()).toBe(1);
  },
);

describe('texts for the operator:', () => {
  test.each(['/echo', '/echo-500'])(
    '%s: if the upstream repeats credentials, no failure and no log line contains them',
    async (route) => {
      const { page, throughBackoff, records } = thingsGraphUnderTest(upstream.url(route));
      const shown = JSON.stringify([await throughBackoff(page()), records]);
      const sent = upstream.requests.findLast(({ url }) => url === route)?.headers ?? {};
      const signature = /Signature=([0-9a-f]{64})/.exec(sent['authorization'] ?? '')?.[1];
      expect(signature).toBeDefined();
      for (const secret of [...Object.values(CREDENTIALS), signature ?? '']) {
        expect(shown).not.toContain(secret);
        expect(shown).not.toContain(secret.slice(0, 8));
      }
      expect(shown).toContain('[redacted]');
    },
  );

  test('a failure names the operation, status, error and start of its message, on one line', async () => {
    const { page } = thingsGraphUnderTest(upstream.url('/huge-message'));
    const result = await page();
    const internal = result.ok ? '' : 'internal' in result.failure ? result.failure.internal : '';
    expect(internal).toMatch(/^ListFlowExecutionMessages: HTTP 400, AccessDeniedException: (no )+/);
    expect(internal).not.toContain('\n');
    expect(internal.length).toBeLessThan(300);
  });

  test('every retry writes one log record, with the wait before it and its reason', async () => {
    const { page, throughBackoff, records } = thingsGraphUnderTest(upstream.url('/throttled'));
    await throughBackoff(page());
    expect(records).toHaveLength(3);
    expect(records[0]).toMatchObject({
      event: 'upstream-retry',
      level: 'warn',
      service: 'iotthingsgraph',
      operation: 'ListFlowExecutionMessages',
      attempts: 1,
      waitMs: 50,
      failure: 'upstream-throttled',
      internal: 'ListFlowExecutionMessages: HTTP 400, ThrottlingException: Rate exceeded',
    });
  });
});

describe('time limits and callers that leave', () => {
  test.each(['/stalled', '/stalled-body'])(
    '%s: an attempt ends after 10 s, and the call ends after 20 s with upstream-timeout',
    async (route) => {
      const before = upstream.requests.length;
      const { page, throughTimeouts, attempts, clock } = thingsGraphUnderTest(upstream.url(route));
      const start = clock.now();
      const reached = (attempt: number) => upstream.requests.length >= before + attempt;
      const result = await throughTimeouts(page(), reached);
      expect(result).toMatchObject({ ok: false, failure: { type: 'upstream-timeout' } });
      expect(clock.now() - start).toBe(20_000);
      expect(attempts()).toBe(2);
      expect(clock.sleepers).toBe(0);
    },
  );

  test('a request that stalls is repeated after 10 s', async () => {
    const before = upstream.requests.length;
    const { page, throughBackoff, clock, attempts } = thingsGraphUnderTest(upstream.url('/stalled-once'));
    const call = page();
    await until(() => upstream.requests.length > before);
    await clock.advance(9_999);
    await nextTurn();
    expect(attempts()).toBe(1);
    await clock.advance(1);
    expect(await throughBackoff(call)).toMatchObject({ ok: true });
    expect(attempts()).toBe(2);
  });

  test.each(['/stalled', '/stalled-body'])(
    '%s: if the caller leaves, the call ends immediately and its connection is closed',
    async (route) => {
      const before = upstream.requests.length;
      const cut = upstream.cutShort();
      const { page, clock, attempts, records } = thingsGraphUnderTest(upstream.url(route));
      const caller = new AbortController();
      const call = page(caller.signal);
      await until(() => upstream.requests.length > before);
      caller.abort();
      expect(await call).toMatchObject({ ok: false, failure: { type: 'upstream-timeout' } });
      await until(() => upstream.cutShort() > cut);
      expect(attempts()).toBe(1);
      expect(records).toEqual([]);
      expect(clock.sleepers).toBe(0);
    },
  );

  test('if the caller leaves between two attempts, no further attempt is made', async () => {
    const { page, clock, attempts } = thingsGraphUnderTest(upstream.url('/throttled'));
    const caller = new AbortController();
    const call = page(caller.signal);
    await until(() => clock.nextWakeAt === clock.now() + 50);
    caller.abort();
    expect(await call).toMatchObject({ ok: false });
    expect(attempts()).toBe(1);
    expect(clock.sleepers).toBe(0);
  });

  test('if the caller has left before the call, no attempt is made', async () => {
    const { page, attempts } = thingsGraphUnderTest(upstream.url('/page'));
    expect(await page(AbortSignal.abort())).toMatchObject({
      ok: false,
      failure: { type: 'upstream-timeout' },
    });
    expect(attempts()).toBe(0);
  });
});
