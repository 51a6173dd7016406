/** `flowtap doctor` against servers that each have one fault. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { problemOf } from '../../src/http/problem-response.ts';
import { type CommandUnderTest, type Environment, commandAlone } from './command-under-test.ts';
import { HEALTHY, PARTNER, examineBy } from './examined.ts';
import { listen } from './local-server.ts';

let flowtap: CommandUnderTest;
let scratch: string;
const examined = (env: Environment) => examineBy(flowtap, env);
const serviceAt = async (FLOWTAP_URL: string, env: Environment = {}) =>
  (await examined({ ...PARTNER, ...env, FLOWTAP_URL })).named('service');
beforeAll(async () => {
  flowtap = await commandAlone();
  scratch = mkdtempSync(join(tmpdir(), 'flowtap-doctor-'));
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', join(scratch, 'key.pem'), '-out', join(scratch, 'cert.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, ...files], {
    stdio: 'ignore',
  });
});
afterAll(async () => {
  await flowtap.stop();
  rmSync(scratch, { recursive: true });
});

test.concurrent(
  'doctor reports an address that sends keys in the clear, or that is not an address',
  async () => {
    const inTheClear = await examined({ ...PARTNER, FLOWTAP_URL: 'http://flowtap.invalid' });
    expect(inTheClear.named('address')).toMatchObject({ level: 'fail', remedy: 'Use https://.' });
    const none = await examined({ ...PARTNER, FLOWTAP_URL: '' });
    expect(none.checks).toMatchObject([{ name: 'address', level: 'fail' }]);
  },
);

test.concurrent(
  'doctor reports that nothing listens at the address, or that the host is unknown',
  async () => {
    const { origin } = await (async () => {
      await using server = await listen(() => undefined);
      return server;
    })();
    expect(await serviceAt(origin)).toMatchObject({
      detail: `No answer from ${origin}: the connection was refused.`,
      remedy: expect.stringContaining('Is the service running?'),
    });
    expect(await serviceAt('https://flowtap.invalid')).toMatchObject({
      remedy: expect.stringContaining('host'),
    });
  },
);

test.concurrent(
  "doctor reports in its own words, not OpenSSL's, that the port speaks http instead of https",
  async () => {
    await using server = await listen((_request, response) => response.end());
    const service = await serviceAt(server.origin.replace('http:', 'https:'));
    expect(service).toMatchObject({
      level: 'fail',
      detail: expect.stringContaining('does not speak TLS'),
      remedy: expect.stringContaining('http://'),
    });
    expect(JSON.stringify(service)).not.toMatch(/SSL|error:|wrong version/i);
    // The command `tail` reports the same.
    const env = { FLOWTAP_URL: server.origin.replace('http:', 'https:'), FLOWTAP_API_KEY: 'k' };
    const { stderr } = await flowtap.run(['tail', 'x', '--give-up-after', '0'], { env });
    expect(stderr).toContain('does not speak TLS');
    expect(stderr).not.toMatch(/SSL|error:/i);
  },
);

test('doctor reports an untrusted certificate, and how to trust it', async () => {
  const [cert, privateKey] = ['cert.pem', 'key.pem'].map((name) => readFileSync(join(scratch, name)));
  const secure = createServer({ cert, key: privateKey }, (_request, response) => response.end(HEALTHY));
  await using server = await listen(() => undefined, secure, 'https');
  expect(await serviceAt(server.origin)).toMatchObject({
    detail: expect.stringContaining('self-signed certificate'),
    remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
  });
  const env = { NODE_EXTRA_CA_CERTS: join(scratch, 'cert.pem') };
  expect(await serviceAt(server.origin, env)).toMatchObject({ level: 'ok' });
  expect(await serviceAt(server.origin.replace('https:', 'http:'))).toMatchObject({ level: 'fail' });
});

test.concurrent('doctor reports a redirect with its target', async () => {
  await using target = await listen((_request, response) => response.end(HEALTHY));
  await using server = await listen((request, response) => {
    response.writeHead(301, { Location: `${target.origin}${request.url}` }).end();
  });
  expect(await serviceAt(server.origin)).toMatchObject({
    level: 'fail',
    detail: expect.stringContaining(`redirects to ${target.origin}/`),
    remedy: expect.stringContaining('FLOWTAP_URL'),
  });
});

test.concurrent(
  'doctor reports that another service answers, or that Flowtap is not configured',
  async () => {
    const answers: Record<string, [number, string]> = {
      '/other/healthz': [200, '<h1>Welcome</h1>'],
      '/json/healthz': [200, '[]'],
      '/new/healthz': [503, JSON.stringify(problemOf({ type: 'not-configured', internal: '' }))],
    };
    await using server = await listen((request, response) => {
      const [status, body] = answers[request.url ?? ''] ?? [404, ''];
      response.writeHead(status).end(body);
    });
    for (const path of ['other', 'json', 'nowhere']) {
      expect(await serviceAt(`${server.origin}/${path}`)).toMatchObject({
        detail: expect.stringContaining('not as Flowtap does'),
      });
    }
    expect(await serviceAt(`${server.origin}/new`)).toMatchObject({
      detail: expect.stringContaining('is not configured'),
      remedy: expect.stringContaining('Its log names the settings'),
    });
  },
);

test.concurrent.each([
  [
    'https://flowtap.invalid',
    { HTTPS_PROXY: 'http://user:pw-of-proxy@proxy.invalid:1' },
    /^HTTPS_PROXY is set.* NODE_USE_ENV_PROXY=1/,
  ],
  [
    'https://flowtap.invalid',
    { https_proxy: 'http://proxy.invalid:1' },
    /^https_proxy is set.* NODE_USE_ENV_PROXY=1/,
  ],
  [
    'https://flowtap.invalid',
    { ALL_PROXY: 'http://proxy.invalid:1' },
    /Set HTTPS_PROXY to .* and NODE_USE_ENV_PROXY=1/,
  ],
  ['http://127.0.0.1:1', { HTTP_PROXY: 'http://proxy.invalid:1' }, /^HTTP_PROXY is set/],
  [
    'https://a.flowtap.invalid',
    { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'x, .flowtap.invalid' },
    /^Check the host/,
  ],
  ['https://flowtap.invalid', { HTTP_PROXY: 'http://p:1' }, /^Check the host/],
  [
    'https://flowtap.invalid',
    { HTTPS_PROXY: 'http://proxy.invalid:1', NODE_USE_ENV_PROXY: '1' },
    /^Requests go through the proxy in HTTPS_PROXY/,
  ],
])('doctor gives advice that fits the proxy settings: %s with %o', async (url, env, remedy) => {
  const service = await serviceAt(url, env);
  expect(service).toMatchObject({ level: 'fail', remedy: expect.stringMatching(remedy) });
  expect(JSON.stringify(service)).not.toContain('pw-of-proxy');
});

describe('doctor reports about the clocks', () => {
  const clockOf = async (date: Date | undefined) => {
    await using server = await listen((_request, response) => {
      response.sendDate = false;
      response.writeHead(200, date ? { Date: date.toUTCString() } : {}).end(HEALTHY);
    });
    return (await examined({ ...PARTNER, FLOWTAP_URL: server.origin })).named('clock');
  };

  test.concurrent('how far they are apart and what both show, but not which one is wrong', async () => {
    const clock = await clockOf(new Date(Date.now() - 3_600_000));
    expect(clock).toMatchObject({
      level: 'fail',
      detail: expect.stringMatching(
        /^This machine's clock is (1 h 0 min|59 min 59 s) ahead of the service's: .*Z here, .*Z there/,
      ),
      remedy: expect.stringMatching(/^Find out which one is wrong/),
    });
    expect(await clockOf(new Date(Date.now() + 3_600_000))).toMatchObject({
      detail: expect.stringContaining('behind'),
    });
  });

  test.concurrent('that they were not compared if the service does not report its time', async () => {
    expect(await clockOf(undefined)).toMatchObject({
      level: 'warn',
      detail: expect.stringContaining('Not checked'),
    });
  });
});
