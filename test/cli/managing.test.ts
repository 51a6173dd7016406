/** Runs `flowtap keys`, `--help` and wrong command lines as processes, against the real Worker and the emulator. */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type World, openWorld } from '../support/on-workerd.ts';
import { flow } from '../streams/scripted-flow.ts';
import { type CommandUnderTest, commandFor, linesOf } from './command-under-test.ts';
import { eventually } from '../support/eventually.ts';

let world: World;
let flowtap: CommandUnderTest;
beforeAll(async () => {
  // A fresh deployment has no keys.
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
  'the first key of a fresh deployment works immediately, and is the only output on stdout',
  async () => {
    const created = await flowtap.run(CREATE);
    expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ftk_[0-9A-Za-z_]{48,}\n$/) });
    expect(created.stderr).toContain('cannot be shown again');
    const key = created.stdout.trim();
    expect(created.stderr).not.toContain(key);
    await world.script('first', flow(2, 0));
    expect(await flowtap.run(['tail', 'first'], withKey(key))).toMatchObject({ code: 0 });
    // The last use is shown without minutes, because it is recorded only to the hour.
    const shown = async () => (await flowtap.run(['keys', 'list'])).stdout;
    await eventually(async () => expect(await shown()).toMatch(/ standard +\d{4}-\d\d-\d\dT\d\dZ +never/));
  },
);

test.concurrent('a key can be created, listed, shown, updated, rotated and revoked', async () => {
  const words = [
    '--tickets',
    '--tier',
    'high',
    '--stream-limit',
    '5',
    '--total-stream-limit',
    '50',
    '--owner',
    'Jürgen',
    '--expires-in',
    '90d',
    '--json',
  ];
  const { stdout } = await flowtap.run([...CREATE, '--executions', 'b*', ...words]);
  // Safety: --json prints this shape.
  const created = JSON.parse(stdout) as { id: string; key: string; expiresAt: string };
  expect(created).toMatchObject({
    name: 'test',
    owner: 'Jürgen',
    executions: ['*', 'b*'],
    payloads: 'full',
    tickets: true,
    tier: 'high',
    streamLimit: 5,
    totalStreamLimit: 50,
  });
  expect(Date.parse(created.expiresAt) - Date.now()).toBeGreaterThan(89 * 86_400_000);

  const list = await flowtap.run(['keys', 'list']);
  expect(linesOf(list.stdout)[0]).toMatch(/^id +status +name /);
  expect(list.stdout).toMatch(new RegExp(`^${created.id}  active +test `, 'm'));
  const shown = await flowtap.run(['keys', 'show', created.id]);
  expect(shown.stdout).toMatch(/^owner +Jürgen$/m);
  expect(list.stdout + shown.stdout).not.toContain(created.key);

  const changes = ['--no-expiry', '--no-tickets', '--owner', 'Partner', '--executions', 'c*'];
  const updated = await flowtap.run(['keys', 'update', created.id, ...changes, '--json']);
  expect(JSON.parse(updated.stdout)).toMatchObject({
    id: created.id,
    owner: 'Partner',
    executions: ['c*'],
    payloads: 'full',
    tickets: false,
    streamLimit: 5,
  });
  expect(JSON.parse(updated.stdout)).not.toHaveProperty('expiresAt');
  const removed = await flowtap.run(['keys', 'update', created.id, '--no-owner', '--stream-limit', '6']);
  expect(removed.stdout).toMatch(/^streamLimit +6$/m);
  expect(removed.stdout).not.toMatch(/^owner /m);

  const rotated = await flowtap.run(['keys', 'rotate', created.id, '--overlap', '0']);
  expect(rotated).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ftk_/) });
  expect(rotated.stdout.trim()).not.toBe(created.key);
  expect(rotated.stderr).toContain('The old key no longer works.');

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
  [[...CREATE, '--expires-in', '90'], '--expires-in must be a duration'],
  [['tail', 'x', '--give-up-after', '10'], '--give-up-after must be a duration'],
  [['wait', 'x', '--timeout', '600'], '--timeout must be a duration'],
  [['tail', 'x', '--steps', '--json'], '--steps needs all messages'],
  [['get', 'x', '--summary', '-n', '3'], '--summary shows no messages'],
  [[...CREATE, '--expires-in', '99999999d'], "--expires-in must be at most 36500d: it is '99999999d'"],
  [[...CREATE, '--expires-in', `${'9'.repeat(400)}d`], '--expires-in must be at most 36500d'],
  [['keys', 'rotate', 'abcdefgh', '--overlap', '36501d'], '--overlap must be at most 36500d'],
  [['keys', 'show', 'abcdefg'], '<key id> must be 8 letters and digits'],
  [['keys'], 'say what to do: create, list, show, update, rotate, revoke'],
  [['keys', 'update', 'abcdefgh'], 'nothing to change: give at least one option'],
  [['keys', 'update', 'abcdefgh', '--owner', 'x', '--no-owner'], '--no-owner contradicts another option'],
  [['keys', 'update', 'abcdefgh', '--payloads', 'all'], '--payloads must be'],
  [['keys', 'steal'], "'steal' is not one of create"],
  [['tail'], '<id> is missing'],
  [['tail', '..'], "<id> must not be '.' or '..'"],
  [['get', '.'], "<id> must not be '.' or '..'"],
  [['tail', 'x', '-n', '0'], '-n must be a whole number from 1 to 250'],
  [['tail', 'x', '--from', 'now', '-n', '3'], 'give one of them'],
  [['tail', 'x', '--form', 'now'], "Unknown option '--form'"],
  [['get', 'x', 'y'], "'y' is one argument too many"],
  [['get', 'x', '--url', 'flowtap.example'], '--url must be an address'],
  [
    ['tali', 'x'],
    "'tali' is not a command. The commands are tail, wait, get, list, flows, link, import, keys, doctor",
  ],
])('%j is a usage error: the command names the mistake and exits with 64', async (words, why) => {
  const { code, stdout, stderr } = await flowtap.run(words, withKey('unused'));
  expect(stderr).toContain(why);
  expect(stderr).toMatch(/--help shows the usage/);
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
});

test.concurrent('a missing environment variable is named, with its meaning', async () => {
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

test.concurrent('a wrong admin token is reported before anything is uploaded', async () => {
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

test.concurrent('--help prints usage and examples to stdout, and exits with 0', async () => {
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
