/** `flowtap keys`, `doctor` and `--help`, as processes, against the real Worker and the emulator. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { problemOf } from '../../src/http/problem.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { flow } from '../streams/scripted-flow.ts';
import { type CommandUnderTest, commandFor, linesOf } from './command-under-test.ts';

let world: World;
let flowtap: CommandUnderTest;
beforeAll(async () => {
  // A fresh deployment: not one key is there.
  world = await openWorld();
  flowtap = await commandFor(world);
});
afterAll(async () => {
  await flowtap.stop();
  await world.close();
});

const CREATE = ['keys', 'create', '--name', 'test', '--executions', '*', '--payloads', 'full'];
const withKey = (key: string) => ({ env: { FLOWTAP_API_KEY: key } });

test.concurrent(
  'the first key of a fresh deployment opens what it is for, and can be caught by a shell',
  async () => {
    const created = await flowtap.run(CREATE);
    expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ftk_[0-9A-Za-z_]{48,}\n$/) });
    expect(created.stderr).toContain('shown this once');
    const key = created.stdout.trim();
    expect(created.stderr).not.toContain(key);
    await world.script('first', flow(2, 0));
    expect(await flowtap.run(['tail', 'first'], withKey(key))).toMatchObject({ code: 0 });
    // When it was used, as exactly as that is recorded: to the hour.
    const shown = async () => (await flowtap.run(['keys', 'list'])).stdout;
    await expect.poll(shown, { timeout: 20_000 }).toMatch(/ standard +\d{4}-\d\d-\d\dT\d\dZ +never/);
  },
);

test.concurrent('a key goes its whole way: created, listed, shown, rotated, revoked', async () => {
  const words = ['--tickets', '--tier', 'high', '--owner', 'Jürgen', '--expires-in', '90d', '--json'];
  const { stdout } = await flowtap.run([...CREATE, '--executions', 'b*', ...words]);
  // Safety: what the command is asked for.
  const created = JSON.parse(stdout) as { id: string; key: string; expiresAt: string };
  expect(created).toMatchObject({
    name: 'test',
    owner: 'Jürgen',
    executions: ['*', 'b*'],
    payloads: 'full',
    tickets: true,
    tier: 'high',
  });
  expect(Date.parse(created.expiresAt) - Date.now()).toBeGreaterThan(89 * 86_400_000);

  const list = await flowtap.run(['keys', 'list']);
  expect(linesOf(list.stdout)[0]).toMatch(/^id +status +name /);
  expect(list.stdout).toMatch(new RegExp(`^${created.id}  active +test `, 'm'));
  const shown = await flowtap.run(['keys', 'show', created.id]);
  expect(shown.stdout).toMatch(/^owner +Jürgen$/m);
  expect(list.stdout + shown.stdout).not.toContain(created.key);

  const rotated = await flowtap.run(['keys', 'rotate', created.id, '--overlap', '0']);
  expect(rotated).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ftk_/) });
  expect(rotated.stdout.trim()).not.toBe(created.key);
  expect(rotated.stderr).toContain('The old one is good no more.');

  const revoked = await flowtap.run(['keys', 'revoke', created.id]);
  expect(revoked).toMatchObject({ code: 0, stdout: expect.stringContaining(`Revoked ${created.id}`) });
  const after = await flowtap.run(['keys', 'show', created.id, '--json']);
  expect(JSON.parse(after.stdout)).toMatchObject({ status: 'revoked' });
});

test.concurrent.each([
  [['keys', 'create'], '--name is missing'],
  [['keys', 'create', '--name', 'x'], '--executions is missing'],
  [['keys', 'create', '--name', 'x', '--executions', '*'], '--payloads is missing'],
  [[...CREATE, '--expires-in', 'soon'], '--expires-in must be a duration'],
  [[...CREATE, '--expires-in', '99999999d'], "--expires-in must be at most 36500d: it is '99999999d'"],
  [[...CREATE, '--expires-in', '9'.repeat(400)], '--expires-in must be at most 36500d'],
  [['keys', 'rotate', 'abcdefgh', '--overlap', '36501d'], '--overlap must be at most 36500d'],
  [['keys', 'show', 'abcdefg'], '<key id> must be 8 letters and digits'],
  [['keys'], 'say what to do: create, list, show, rotate, revoke'],
  [['keys', 'steal'], "'steal' is none of create"],
  [['tail'], '<id> is missing'],
  [['tail', '..'], "no address can hold an <id> that is '..'"],
  [['get', '.'], "no address can hold an <id> that is '.'"],
  [['tail', 'x', '-n', '0'], '-n must be a whole number from 1 to 250'],
  [['tail', 'x', '--from', 'now', '-n', '3'], 'give one of them'],
  [['tail', 'x', '--form', 'now'], "Unknown option '--form'"],
  [['get', 'x', 'y'], "'y' is one argument too many"],
  [['get', 'x', '--url', 'flowtap.example'], '--url must be an address'],
  [['tali', 'x'], "'tali' is no command; there are tail, get, import, keys, doctor"],
])('%j is a mistake on the command line, which ends it with 64 and says what', async (words, why) => {
  const { code, stdout, stderr } = await flowtap.run(words, withKey('unused'));
  expect(stderr).toContain(why);
  expect(stderr).toMatch(/--help shows how it is used/);
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
});

test.concurrent('a variable that is missing is named, and what belongs into it', async () => {
  const none = { FLOWTAP_URL: '', FLOWTAP_ADMIN_TOKEN: '' };
  expect(await flowtap.run(['get', 'x'], { env: none })).toMatchObject({
    code: 64,
    stderr: expect.stringContaining('FLOWTAP_URL is not set: the service'),
  });
  expect(await flowtap.run(['get', 'x'])).toMatchObject({
    stderr: expect.stringContaining('FLOWTAP_API_KEY is not set'),
  });
  expect(await flowtap.run(['keys', 'list'], { env: { FLOWTAP_ADMIN_TOKEN: ' ' } })).toMatchObject({
    stderr: expect.stringContaining('FLOWTAP_ADMIN_TOKEN is not set'),
  });
});

test.concurrent('a wrong admin token is told as one, before anything is uploaded', async () => {
  const env = { FLOWTAP_ADMIN_TOKEN: 'a wrong token, of at least thirty-two characters' };
  for (const words of [
    ['keys', 'list'],
    ['import', 'x', '-'],
  ]) {
    const { code, stderr } = await flowtap.run(words, { env });
    expect(code).toBe(3);
    expect(stderr).toContain('FLOWTAP_ADMIN_TOKEN is not the ADMIN_TOKEN');
  }
});

test.concurrent('doctor says what is well, and of an execution how it stands', async () => {
  const key = (await flowtap.run(CREATE)).stdout.trim();
  await world.script('checked', flow(2, 0));
  const { code, stdout } = await flowtap.run(['doctor', 'checked'], withKey(key));
  const lines = linesOf(stdout).map((line) => line.replaceAll(/ +/g, ' '));
  expect(lines).toEqual([
    `ok address ${world.url.href}`,
    expect.stringMatching(/^ok service healthy/),
    expect.stringMatching(/^ok API key .* \(test\) reads \*$/),
    'ok execution SUCCEEDED',
    'ok admin token good',
  ]);
  expect(code).toBe(0);
});

test.concurrent('doctor says what to change', async () => {
  const narrow = [
    'keys',
    'create',
    '--name',
    'narrow',
    '--executions',
    'a*',
    '--payloads',
    'none',
    '--expires-in',
    '1h',
  ];
  const key = (await flowtap.run(narrow)).stdout.trim();
  const examined = async (words: readonly string[], env: Record<string, string>): Promise<string> => {
    const { code, stdout } = await flowtap.run(['doctor', ...words], { env });
    expect(code).toBe(1);
    return stdout.replaceAll(/ +/g, ' ');
  };
  const [forbidden, noKey, nobody, inTheClear] = await Promise.all([
    examined(['b'], { FLOWTAP_API_KEY: key }),
    examined([], { FLOWTAP_ADMIN_TOKEN: 'wrong' }),
    examined([], { FLOWTAP_URL: 'http://127.0.0.1:9' }),
    examined([], { FLOWTAP_URL: 'http://flowtap.invalid' }),
  ]);
  expect(forbidden).toContain('reads a*, without payloads');
  expect(forbidden).toContain('WRONG API key expires at');
  expect(forbidden).toContain('WRONG execution The key may not read it');
  expect(noKey).toContain('WRONG API key FLOWTAP_API_KEY is not set');
  expect(noKey).toContain('WRONG admin token FLOWTAP_ADMIN_TOKEN is not the ADMIN_TOKEN');
  expect(nobody).toContain('WRONG service No answer from http://127.0.0.1:9/healthz');
  expect(inTheClear).toContain('WRONG address http://flowtap.invalid/ sends keys in the clear');
});

test.concurrent(
  'doctor knows another service, one that is not configured, and a clock that is wrong',
  async () => {
    const answers: Record<string, [number, string]> = {
      '/other/healthz': [200, '<h1>Welcome</h1>'],
      '/new/healthz': [503, '{"code":"NotConfigured","detail":"…"}'],
      '/late/healthz': [200, '{"status":"ok"}'],
    };
    const server = createServer((request, response) => {
      const [status, body] = answers[request.url ?? ''] ?? [404, ''];
      response.writeHead(status, { Date: new Date(Date.now() - 3_600_000).toUTCString() }).end(body);
    });
    try {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      // Safety: it listens on a host and a port.
      const { port } = server.address() as AddressInfo;
      const examined = async (path: string) =>
        (await flowtap.run(['doctor', '--url', `http://127.0.0.1:${port}/${path}`])).stdout;
      expect(await examined('other')).toContain('not as Flowtap does');
      expect(await examined('new')).toContain('is not configured. Its log names the settings');
      expect(await examined('late')).toMatch(/This machine's clock is (1 h 0 min|59 min 59 s) ahead/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  },
);

/** A server of its own: were the Worker to shut this address out, it would be for every test here. */
test.concurrent(
  'doctor calls no credential wrong where wrong ones before it had the address shut out',
  async () => {
    const refusal = problemOf({ type: 'rate-limited', retryAfterSeconds: 42, because: 'wrong-credentials' });
    const server = createServer((request, response) => {
      if (request.url === '/healthz') response.end('{"status":"ok"}');
      else response.writeHead(429, { 'Retry-After': '42' }).end(JSON.stringify(refusal));
    });
    try {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      // Safety: it listens on a host and a port.
      const { port } = server.address() as AddressInfo;
      const env = { FLOWTAP_URL: `http://127.0.0.1:${port}`, FLOWTAP_API_KEY: 'ftk_right' };
      const { code, stdout } = await flowtap.run(['doctor'], { env });
      const lines = linesOf(stdout).map((line) => line.replaceAll(/ +/g, ' '));
      const said =
        /could not be checked\. .*30 requests with a wrong key, ticket or admin token .* Correct the credential/;
      expect(lines.slice(-2)).toEqual([
        expect.stringMatching(new RegExp(`^\\? API key ${said.source}`)),
        expect.stringMatching(new RegExp(`^\\? admin token ${said.source}`)),
      ]);
      expect(stdout).not.toContain('WRONG');
      expect(code).toBe(1);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  },
);

test.concurrent('--help teaches: usage, every option, examples; on stdout, with 0', async () => {
  const top = await flowtap.run(['--help']);
  expect(top.code).toBe(0);
  for (const name of ['tail', 'get', 'import', 'keys', 'doctor']) {
    expect(top.stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    const { code, stdout, stderr } = await flowtap.run([name, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: flowtap ${name} `, 'm'));
    expect(stdout).toMatch(/^Examples?:\n {2}\S/m);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
    expect((await flowtap.run(['help', name])).stdout).toBe(stdout);
  }
  expect(await flowtap.run([])).toMatchObject({ code: 64, stdout: '', stderr: top.stdout });
});
