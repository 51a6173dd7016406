/** Requests on Deno: malformed Host headers, headers of a proxy, exceptions. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { DenoWorld, history, newKey, type DenoProcess } from './deno-process.ts';
import { eventually } from '../support/eventually.ts';

let world: DenoWorld;
let flowtap: DenoProcess;
let apiKey: string;
beforeAll(async () => {
  world = await DenoWorld.create();
  flowtap = await world.start({ STORE_PATH: ':memory:' });
  apiKey = await newKey(flowtap.url);
  await world.script('x', history(3, 'EXECUTION_SUCCEEDED'));
});
afterAll(() => world.end());

const SECURITY = {
  'strict-transport-security': expect.stringContaining('max-age='),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function postTicket(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}v1/executions/x/tickets`, {
    method: 'POST',
    headers: { 'x-api-key': apiKey, 'content-type': 'application/json', ...headers },
    body: '{}',
  });
  // Safety: a 201 response has both. With any other response, the test's assertions fail.
  return (await response.json()) as { ticket: string; streamUrl: string };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends a request over a raw socket, because HTTP clients would reject or normalize it. */
async function ask(
  target: string,
  host: string,
  method = 'GET',
  fields = 'Connection: close',
): Promise<Answer> {
  const { hostname, port } = new URL(flowtap.url);
  const socket = connect(Number(port), hostname);
  socket.end(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n\r\n`);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const [line = '', ...received] = head.split('\r\n');
  const headers = received.map((field) => [
    field.slice(0, field.indexOf(':')).toLowerCase(),
    field.slice(field.indexOf(':') + 1).trim(),
  ]);
  return { status: Number(line.split(' ')[1]), headers: Object.fromEntries(headers), body };
}

describe('a malformed Host header gives a 400 problem and one log line without the ticket', () => {
  const messages = '/v1/executions/x/messages';
  test.for([
    ['my_host:99999', messages],
    ['a b', messages],
    ['[', messages],
    ['[::1', messages],
    ['%00', messages],
    ['a:b', messages],
    // As parts of a URL, these hosts would change the path of the request.
    ['flowtap/v1/admin/keys?', '/healthz'],
    ['flowtap?', messages],
    ['flowtap#', messages],
    ['somebody@flowtap', messages],
    ['flowtap', 'http://[/'],
    ['flowtap', 'http://flowtap:99999/docs'],
    // The check also applies to static files.
    ['[', '/docs'],
  ] as const)('Host: %s, %s', async ([host, target]) => {
    const { ticket } = await postTicket(flowtap.url);
    const answer = await ask(`${target}?ticket=${ticket}`, host);
    expect(answer).toMatchObject({
      status: 400,
      headers: { ...SECURITY, 'content-type': 'application/problem+json' },
    });
    const requestId = answer.headers['x-request-id'];
    expect(requestId).toMatch(UUID);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'InvalidRequestException',
      requestId,
      errors: [{ in: 'header', name: 'Host' }],
    });
    expect(answer.body).not.toContain(ticket);
    await eventually(() =>
      expect(flowtap.log.find((line) => line['requestId'] === requestId)).toMatchObject({
        event: 'request',
        level: 'info',
        status: 400,
        failure: 'invalid-input',
      }),
    );
    expect(JSON.stringify([flowtap.log, flowtap.noise])).not.toContain(ticket.slice(0, 40));
    expect(flowtap.noise).toEqual([]);
  });

  test('for every method', async () => {
    for (const method of ['POST', 'OPTIONS', 'HEAD', 'TRACE', 'BREW']) {
      expect(await ask('/v1/key', '[', method)).toMatchObject({ status: 400, headers: SECURITY });
    }
  });

  test('but every valid Host header is accepted', async () => {
    for (const host of ['flowtap', 'my_host:8787', '[::1]', '[::1]:1', '192.0.2.1', 'a,b', '']) {
      expect(await ask('/healthz', host)).toMatchObject({
        status: 200,
        body: JSON.stringify({ status: 'ok', version: manifest.version }),
      });
    }
  });
});

describe('an exception gives a 500 problem, and one log line with its stack but without its message,', () => {
  let failing: DenoProcess;
  beforeAll(async () => {
    const env = { STORE_PATH: ':memory:', PUBLIC_URL: 'https://api.example.com/flowtap' };
    failing = await world.start(env, 'test/deno/throwing.deno.ts');
  });

  test.for([
    ['if a route throws it', 'healthz'],
    ['if the platform throws it before any route', 'unreadable'],
  ] as const)('%s', async ([, path]) => {
    const response = await fetch(`${failing.url}${path}?ticket=a-ticket-in-clear`);
    expect(response.status).toBe(500);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      ...SECURITY,
      'content-type': 'application/problem+json',
    });
    const requestId = response.headers.get('X-Request-Id');
    expect(await response.json()).toMatchObject({
      type: 'https://api.example.com/flowtap/docs/problems#InternalError',
      code: 'InternalError',
      requestId,
    });
    await eventually(() =>
      expect(failing.log).toContainEqual(
        expect.objectContaining({
          event: 'request',
          level: 'error',
          requestId,
          status: 500,
          failure: 'internal',
          reason: expect.stringMatching(/^TypeError\n +at .*throwing\.deno\.ts/),
        }),
      ),
    );
    expect(JSON.stringify(failing.log)).not.toContain('a-ticket-in-clear');
    expect(failing.noise).toEqual([]);
    expect((await fetch(`${failing.url}healthz`)).status).toBe(200);
  });
});

describe('the streamUrl of a ticket', () => {
  test('begins with https: if a trusted proxy sends X-Forwarded-Proto: https', async () => {
    const behind = await world.start({ STORE_PATH: ':memory:', TRUSTED_PROXY: '127.0.0.1' });
    apiKey = await newKey(behind.url);
    const secure = new URL(behind.url);
    secure.protocol = 'https:';
    const streamUrl = async (proto?: string) =>
      (await postTicket(behind.url, proto === undefined ? {} : { 'x-forwarded-proto': proto })).streamUrl;
    expect(await streamUrl('https')).toMatch(`${secure.href}v1/executions/x/messages?ticket=`);
    expect(await streamUrl('HTTPS, http')).toMatch(secure.href);
    for (const proto of ['http', 'http, https', 'javascript', 'https://evil.example', '', undefined]) {
      expect(await streamUrl(proto)).toMatch(`${behind.url}v1/executions/x/messages?ticket=`);
    }
  });

  test('begins with http: if an untrusted sender sends X-Forwarded-Proto: https', async () => {
    apiKey = await newKey(flowtap.url);
    const { streamUrl } = await postTicket(flowtap.url, { 'x-forwarded-proto': 'https' });
    expect(streamUrl).toMatch(flowtap.url);
  });
});

/**
 * Java's HttpClient sends these headers. docs/http-api.md tells users the workaround. Once Deno accepts such requests,
 * this test fails, and that paragraph can be deleted.
 */
test('Upgrade: h2c is ignored, but with a Content-Length header Deno itself answers 400', async () => {
  const upgrade =
    'Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB';
  expect(await ask('/healthz', 'flowtap', 'GET', upgrade)).toMatchObject({ status: 200, headers: SECURITY });
  const refused = await ask('/healthz', 'flowtap', 'GET', `${upgrade}\r\nContent-Length: 0`);
  expect(refused).toMatchObject({ status: 400, body: '' });
  expect(refused.headers).not.toHaveProperty('x-request-id');
});
