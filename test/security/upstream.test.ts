/**
 * Tests what passes between callers and AWS. Only the id of a caller's request reaches the upstream, and only the
 * messages of the upstream's answer reach the caller. The upstream here records requests and gives hostile answers.
 */
import { expect, test } from 'vitest';

import { endedLongAgo, openService, path } from '../http/service-under-test.ts';
import {
  awsCall,
  bearer,
  EVENTS,
  everythingIn,
  logText,
  marker,
  answered,
  everythingStored,
} from './tenants.ts';

interface Captured {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Returns an upstream that records requests and answers them with `answer`. */
function upstreamThat(answer: (request: Captured) => Response) {
  const captured: Captured[] = [];
  const upstream = async (request: Request) => {
    const kept = {
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    };
    captured.push(kept);
    return answer(kept);
  };
  return { captured, upstream };
}

const page = (headers: Record<string, string> = {}) =>
  Response.json(
    { messages: [{ messageId: '1', eventType: 'STEP_STARTED', timestamp: 1_700_000_000.5 }] },
    { headers: { 'Content-Type': 'application/x-amz-json-1.1', ...headers } },
  );

const SMUGGLED = marker('smuggled');
const HEADERS = {
  'X-Forwarded-For': SMUGGLED,
  'X-Amz-Target': SMUGGLED,
  'X-Amz-Security-Token': SMUGGLED,
  'X-Amz-Date': SMUGGLED,
  Cookie: SMUGGLED,
  Host: 'evil.example',
  'X-Forwarded-Host': SMUGGLED,
  'X-Request-Id': SMUGGLED,
  'User-Agent': SMUGGLED,
  Referer: `https://${SMUGGLED}.example`,
  Origin: `https://${SMUGGLED}.example`,
  'If-None-Match': SMUGGLED,
  'Last-Event-ID': SMUGGLED,
};

/** The headers that SigV4 and AWS JSON 1.1 need. */
const UPSTREAM_HEADERS = [
  'authorization',
  'content-type',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-target',
];

test('the upstream gets no header, query parameter or credential of the caller, and the id only in the body', async () => {
  const { captured, upstream } = upstreamThat(() => page());
  const service = await openService({}, { upstream });
  const key = await service.key({ tickets: true });
  const ids = [
    'plain',
    'http://169.254.169.254/latest/meta-data',
    '//evil.example/x',
    '@evil.example',
    '..%2f..%2f?Action=Other',
    'x\u00e9"},"flowExecutionId":"other"',
    '\\..\\evil',
    'a b&c=d#e',
  ];
  for (const id of ids) {
    const query = `marker=${SMUGGLED}&maxResults=5`;
    for (const [resource, more] of [
      ['/messages', {}],
      ['/messages', EVENTS],
      ['', {}],
    ] as const) {
      const headers = { ...HEADERS, ...bearer(key), ...more };
      await everythingIn(await answered(service, service.fetch(path(id, query, resource), { headers })));
    }
    await awsCall(service, key, { flowExecutionId: id, extra: SMUGGLED, maxResults: 7 });
    await service.clock.advance(2_000);
  }
  expect(captured.length).toBeGreaterThanOrEqual(ids.length);
  for (const { method, url, headers, body } of captured) {
    expect({ method, url }).toEqual({ method: 'POST', url: 'http://upstream.example/' });
    expect(Object.keys(headers).filter((name) => !UPSTREAM_HEADERS.includes(name))).toEqual([]);
    expect(headers['x-amz-target']).toBe('IotThingsGraphFrontEndService.ListFlowExecutionMessages');
    expect(JSON.stringify([headers, body])).not.toContain(SMUGGLED);
    expect(JSON.stringify([headers, body])).not.toContain(key.slice(15));
    // Safety: the source under test sends a JSON object.
    const sent = JSON.parse(body) as Record<string, unknown>;
    expect(ids).toContain(sent['flowExecutionId']);
    expect(
      Object.keys(sent).filter((name) => !['flowExecutionId', 'maxResults', 'nextToken'].includes(name)),
    ).toEqual([]);
  }
  expect(
    new Set(captured.map(({ body }) => (JSON.parse(body) as { flowExecutionId: string }).flowExecutionId)),
  ).toEqual(new Set(ids));
});

const SECRET = marker('upstream-text');
const EVIL_HEADERS = {
  'Set-Cookie': `session=${SECRET}`,
  'X-Evil': SECRET,
  'Access-Control-Allow-Credentials': 'true',
  'Cache-Control': 'public, max-age=9999',
  Location: `https://evil.example/${SECRET}`,
  'WWW-Authenticate': SECRET,
  'X-Amzn-RequestId': SECRET,
  'Retry-After': '86400',
};
const evil = (status: number, body: string | null, more: Record<string, string> = {}) =>
  new Response(body, { status, headers: { ...EVIL_HEADERS, ...more } });
const aws = (status: number, name: string) =>
  evil(
    status,
    JSON.stringify({ __type: `com.evil#${name}`, message: SECRET, Message: SECRET, detail: SECRET }),
    {
      'Content-Type': 'application/x-amz-json-1.1',
    },
  );

test.each<[string, () => Response]>([
  ['a page with hostile headers', () => page(EVIL_HEADERS)],
  [
    'a page with additional members',
    () => Response.json({ messages: [{ messageId: '1', secret: SECRET }], more: SECRET }),
  ],
  ['a redirect', () => evil(302, SECRET)],
  ['a permanent redirect', () => evil(308, SECRET)],
  ['HTML', () => evil(200, `<script>${SECRET}</script>`, { 'Content-Type': 'text/html' })],
  ['an XML error', () => evil(403, `<Error><Message>${SECRET}</Message></Error>`)],
  ['an invalid-request error', () => aws(400, 'InvalidRequestException')],
  ['a not-found error', () => aws(400, 'ResourceNotFoundException')],
  ['a throttling error', () => aws(400, 'ThrottlingException')],
  ['an internal error', () => aws(500, 'InternalFailureException')],
  ['an expired token', () => aws(403, 'ExpiredTokenException')],
  ['an error with an unknown name', () => aws(418, SECRET)],
  ['messages of another shape', () => Response.json({ messages: [{ messageId: { nested: SECRET } }] })],
  ['a token of another shape', () => Response.json({ messages: [], nextToken: { nested: SECRET } })],
])('only messages reach a caller if the upstream answers with %s', async (_, answer) => {
  const service = await openService({}, { upstream: async () => answer() });
  const key = await service.key({ tickets: true });
  const headers = bearer(key);
  for (const sent of [
    service.fetch(path('x'), { headers }),
    service.fetch(path('x'), { headers: { ...headers, ...EVENTS } }),
    service.fetch(path('x', '', ''), { headers }),
    awsCall(service, key, { flowExecutionId: 'x' }),
  ]) {
    const response = await answered(service, sent);
    const text = await everythingIn(response);
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain('86400');
    expect(text).not.toContain('public');
    for (const name of ['Set-Cookie', 'X-Evil', 'Location', 'Access-Control-Allow-Credentials']) {
      expect(response.headers.get(name)).toBeNull();
    }
    expect([200, 400, 404, 500, 502, 503, 504]).toContain(response.status);
    await service.clock.advance(5_000);
  }
});

test('credentials and signatures that the upstream echoes do not reach callers, log or store', async () => {
  const credentials = {
    accessKeyId: 'AKIAQWERTYUIOPASDFGH',
    secretAccessKey: 'one of ours: short, and #1',
    sessionToken: `IQoJb3JpZ2luX2VjE${'Zm9v'.repeat(60)}`,
  };
  const seen: string[] = [];
  let turn = 0;
  const upstream = async (request: Request) => {
    const authorization = request.headers.get('Authorization') ?? '';
    const signature = /Signature=(\w+)/.exec(authorization)?.[1] ?? '';
    seen.push(signature);
    const all = `${authorization} ${Object.values(credentials).join(' ')} ${request.headers.get('X-Amz-Security-Token') ?? ''}`;
    const each = [signature, ...Object.values(credentials), authorization];
    const names = [
      'SignatureDoesNotMatch',
      'InvalidRequestException',
      'ThrottlingException',
      'InternalFailureException',
      all,
    ];
    const name = names[turn++ % names.length] ?? '';
    const body = JSON.stringify({
      __type: name,
      message: `${each[turn % each.length] ?? ''} canonical: ${all}`,
    });
    return new Response(body, {
      status: name.startsWith('Internal') ? 500 : 400,
      headers: { 'x-amzn-errortype': all },
    });
  };
  const service = await openService({ credentials }, { upstream });
  const key = await service.key({ tickets: true });
  const texts: string[] = [];
  for (let request = 0; request < 30; request++) {
    const headers = { ...bearer(key), ...(request % 2 === 1 && EVENTS) };
    texts.push(await everythingIn(await answered(service, service.fetch(path(`x${request}`), { headers }))));
    await service.clock.advance(10_000);
  }
  expect(seen.length).toBeGreaterThanOrEqual(12);
  expect(seen[0]).toMatch(/^[0-9a-f]{64}$/);
  const everything = [...texts, logText(service.logged), await everythingStored(service)].join('\n');
  // The operator's log has the failures with secrets removed, so the echoes did reach the service.
  expect(everything).toContain('[redacted]');
  for (const secret of [...Object.values(credentials), ...seen])
    expect(everything.includes(secret)).toBe(false);
});

test('the archive contains the upstream’s messages and nothing else of its answers', async () => {
  const upstream = async () => {
    const messages = endedLongAgo(service.clock, 3).map((message) => ({ ...message, internal: SECRET }));
    return Response.json({ messages, owner: SECRET }, { headers: EVIL_HEADERS });
  };
  const service = await openService({}, { upstream });
  await service.get(path('x'));
  await service.clock.advance(30_000);
  expect((await service.get(path('x'))).headers.get('Cache-Status')).toMatch(/memory|kv/);
  const stored = await everythingStored(service);
  expect(stored).toContain('message 2');
  expect(stored).not.toContain(SECRET);
});
