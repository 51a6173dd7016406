/** Runs `flowtap doctor` as a process. Tests what it finds once it has reached a service. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { problemOf } from '../../src/http/problem-response.ts';
import { flow } from '../streams/scripted-flow.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { type CommandUnderTest, type Environment, commandFor, linesOf } from './command-under-test.ts';
import { HEALTHY, PARTNER, examineBy } from './examined.ts';
import { listen } from './local-server.ts';

const CREATE = ['keys', 'create', '--name', 'test', '--executions', '*', '--payloads', 'full'];

let world: World;
let flowtap: CommandUnderTest;
let key: string;
beforeAll(async () => {
  // Only Things Graph is configured.
  world = await openWorld({ SFN_ALLOWED: '' });
  flowtap = await commandFor(world);
  key = (await flowtap.run(CREATE)).stdout.trim();
});
afterAll(async () => {
  await flowtap.stop();
  await world.close();
});

const examined = (env: Environment, words?: readonly string[]) => examineBy(flowtap, env, words);

test.concurrent('doctor prints one line per check, and the status of an execution', async () => {
  await world.script('checked', flow(2, 0));
  const { code, stdout } = await flowtap.run(['doctor', 'checked'], { env: { FLOWTAP_API_KEY: key } });
  const lines = linesOf(stdout).map((line) => line.replaceAll(/ +/g, ' '));
  expect(lines).toEqual([
    `ok address ${world.url.href}`,
    expect.stringMatching(/^ok service healthy/),
    "ok clock agrees with the service's",
    expect.stringMatching(/^ok API key .* \(test\) reads \*$/),
    'ok execution SUCCEEDED',
    'ok admin token valid',
    expect.stringMatching(/^ok things-graph us-west-2 can be read/),
    expect.stringMatching(/^ok store written and read/),
  ]);
  expect(code).toBe(0);
  const failed = await flowtap.run(['doctor'], { env: PARTNER });
  expect(failed.stdout).toMatch(/^fail {2}API key .*\n +→ \S/m);
  expect(failed.code).toBe(1);
});

test.concurrent('doctor --json prints the same checks as JSON, with the same exit code', async () => {
  await world.script('as json', flow(2, 0));
  const { checks, code } = await examined({ FLOWTAP_API_KEY: key }, ['as json']);
  expect(checks.map(({ name, level }) => [name, level])).toEqual(
    ['address', 'service', 'clock', 'API key', 'execution', 'admin token', 'things-graph', 'store'].map(
      (name) => [name, 'ok'],
    ),
  );
  expect(code).toBe(0);
});

describe('doctor with the admin token', () => {
  test('reports a wrong AWS secret as a failure, and names the setting to change', async () => {
    const secret = 'not the secret of the upstream';
    const misconfigured = await openWorld({ AWS_SECRET_ACCESS_KEY: secret });
    try {
      const FLOWTAP_URL = misconfigured.url.href;
      const wrong = await examined({ FLOWTAP_URL });
      for (const name of ['things-graph', 'step-functions']) {
        expect(wrong.named(name)).toMatchObject({
          level: 'fail',
          detail: expect.stringContaining('InvalidSignatureException'),
          remedy: expect.stringContaining('AWS_SECRET_ACCESS_KEY'),
        });
      }
      expect(wrong.named('store')).toMatchObject({ level: 'ok' });
      expect(JSON.stringify(wrong)).not.toContain(secret);
      // A partner, who has no admin token, sees nothing of this.
      const partner = await flowtap.run(['doctor'], { env: { ...PARTNER, FLOWTAP_URL } });
      expect(partner.stdout).not.toMatch(/AWS|things-graph|admin/i);
    } finally {
      await misconfigured.close();
    }
  });
});

describe('doctor reports about a key', () => {
  const create = async (...words: readonly string[]) => {
    const made = await flowtap.run(['keys', 'create', '--name', 'narrow', '--payloads', 'none', ...words]);
    return made.stdout.trim();
  };

  test.concurrent.each([
    ['13d', 'warn'],
    ['15d', 'ok'],
  ])('that it expires soon: with %s left the level is %s', async (left, level) => {
    const FLOWTAP_API_KEY = await create('--executions', 'a*', '--expires-in', left);
    const found = await examined({ ...PARTNER, FLOWTAP_API_KEY });
    expect(found.named('API key')).toMatchObject({
      level,
      detail: expect.stringMatching(
        level === 'warn' ? /reads a\*, without payloads. It expires in 12 days/ : /a\*/,
      ),
    });
    expect(found.code).toBe(0);
  });

  test.concurrent('that it may not read the execution, and how to get a key that may', async () => {
    const FLOWTAP_API_KEY = await create('--executions', 'a*');
    const [partner, operator] = await Promise.all([
      examined({ ...PARTNER, FLOWTAP_API_KEY }, ['b']),
      examined({ FLOWTAP_API_KEY }, ['b']),
    ]);
    expect(partner.named('execution')).toMatchObject({
      level: 'fail',
      remedy: expect.stringContaining('operator'),
    });
    expect(operator.named('execution')).toMatchObject({
      level: 'fail',
      remedy: expect.stringContaining('Create a key'),
    });
  });

  test.concurrent(
    'that it is missing, and tells a partner to ask the operator and the operator to create one',
    async () => {
      const [partner, operator] = await Promise.all([examined(PARTNER), examined({})]);
      expect(partner.named('API key')).toMatchObject({
        level: 'fail',
        remedy: expect.stringMatching(/^Ask the operator/),
      });
      expect(JSON.stringify(partner)).not.toMatch(/ADMIN_TOKEN|keys create/);
      expect(operator.named('API key')).toMatchObject({
        level: 'warn',
        remedy: expect.stringContaining('keys create'),
      });
      expect(operator.code).toBe(0);
    },
  );

  test.concurrent('that it, or the admin token, is wrong', async () => {
    const found = await examined({ FLOWTAP_API_KEY: 'ftk_wrong', FLOWTAP_ADMIN_TOKEN: 'wrong' });
    expect(found.named('API key')).toMatchObject({
      level: 'fail',
      detail: 'FLOWTAP_API_KEY is not a key of this service.',
    });
    expect(found.named('admin token')).toMatchObject({
      level: 'fail',
      detail: expect.stringContaining('ADMIN_TOKEN'),
    });
  });

  /** Uses its own server, because the real Worker would lock out this address for all tests. */
  test.concurrent(
    'that it was not checked, because too many wrong keys have locked out this address',
    async () => {
      const refusal = problemOf({
        type: 'rate-limited',
        retryAfterSeconds: 42,
        because: 'wrong-credentials',
      });
      await using server = await listen((request, response) => {
        if (request.url === '/healthz') response.end(HEALTHY);
        else response.writeHead(429, { 'Retry-After': '42' }).end(JSON.stringify(refusal));
      });
      const found = await examined({ FLOWTAP_URL: server.origin, FLOWTAP_API_KEY: 'ftk_right' });
      for (const name of ['API key', 'admin token']) {
        expect(found.named(name)).toMatchObject({
          level: 'fail',
          detail: expect.stringMatching(
            /could not be checked\. .*30 requests with a wrong key, ticket or admin token/,
          ),
        });
      }
      expect(found.code).toBe(1);
    },
  );
});

test.concurrent.each(['BadUpstream', 'InternalError'])(
  'doctor shows the request id of a failure inside the service (%s) once, and never tells the operator to ask the operator',
  async (code) => {
    const failure =
      code === 'BadUpstream'
        ? ({ type: 'upstream-broken', internal: '' } as const)
        : ({ type: 'internal', internal: '' } as const);
    await using server = await listen((request, response) => {
      if (request.url === '/healthz') return void response.end(HEALTHY);
      response.writeHead(502).end(JSON.stringify(problemOf(failure, 'request-1')));
    });
    const env = { FLOWTAP_URL: server.origin, FLOWTAP_API_KEY: 'k' };
    const found = await examined({ ...env });
    for (const check of [found.named('API key'), found.named('admin token')]) {
      expect(check).toMatchObject({ remedy: expect.stringContaining('request-1') });
      expect(JSON.stringify(check)).not.toMatch(/operator/i);
    }
    const { stderr } = await flowtap.run(['tail', 'x', '--give-up-after', '0'], { env });
    expect(stderr.split('request-1')).toHaveLength(2);
    expect(stderr).not.toMatch(/operator/i);
  },
);
