/**
 * Mistakes on the command line that must not reveal or break anything, such as pasted keys, passwords and very long
 * durations.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type World, openWorld } from '../support/on-workerd.ts';
import { type CommandUnderTest, commandFor } from './command-under-test.ts';

let world: World;
let flowtap: CommandUnderTest;
beforeAll(async () => {
  world = await openWorld();
  flowtap = await commandFor(world);
});
afterAll(async () => {
  await flowtap.stop();
  await world.close();
});

const CREATE = ['keys', 'create', '--name', 'test', '--executions', '*', '--payloads', 'full'];
const withKey = (key: string) => ({ env: { FLOWTAP_API_KEY: key } });

test.concurrent('a key can live for a hundred years', async () => {
  const { code, stdout } = await flowtap.run([...CREATE, '--expires-in', '36500d', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ expiresAt: expect.stringMatching(/^21\d\d-/) });
});

test.concurrent('if a whole key is pasted instead of its id, only the id is sent', async () => {
  const { stdout } = await flowtap.run([...CREATE, '--json']);
  // Safety: --json prints this shape.
  const { id, key } = JSON.parse(stdout) as { id: string; key: string };
  const shown = await flowtap.run(['keys', 'show', key]);
  expect(shown).toMatchObject({ code: 0, stderr: expect.stringContaining(`Its id is ${id}`) });
  expect(shown.stdout + shown.stderr).not.toContain(key);
  expect((await flowtap.run(['keys', 'rotate', ` ${key}`])).code).toBe(0);
  expect((await flowtap.run(['keys', 'revoke', key])).stdout).toContain(`Revoked ${id}`);

  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(404).end();
  });
  try {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // Safety: the server listens on TCP, so its address is an `AddressInfo`.
    const url = ['--url', `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
    for (const action of ['show', 'rotate', 'revoke']) {
      // The whole key, parts of it, and the key with extra characters.
      for (const pasted of [key, key.slice(0, 30), key.slice(4), key.slice(15), `${key}x`, `'${key}'`]) {
        const { stdout: out, stderr } = await flowtap.run(['keys', action, pasted, ...url]);
        expect(out + stderr).not.toContain(key.slice(15, 30));
      }
    }
    for (const words of [
      ['tail', key],
      ['get', key],
      ['doctor', key],
      ['import', key, '-'],
    ]) {
      const { code, stderr } = await flowtap.run([...words, ...url], withKey('unused'));
      expect({ words: words[0], code }).toEqual({ words: words[0], code: 64 });
      expect(stderr).toContain('<id> must be the id of an execution, but an API key was given');
      expect(stderr).not.toContain(key.slice(15, 30));
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
  expect(new Set(asked)).toEqual(
    new Set(['', '/rotate', '/revoke'].map((action) => `/v1/admin/keys/${id}${action}`)),
  );
});

test.concurrent('an address with a password is refused, and the password is not repeated', async () => {
  for (const url of [
    'https://user:pw-in-address@x',
    'user:pw-in-address@x',
    'http://user:pw-in-address@',
    'ftp://u:pw-in-address@x/p@th',
  ]) {
    for (const words of [['keys', 'list'], ['tail', 'x'], ['doctor']]) {
      const option = await flowtap.run([...words, '--url', url], withKey('unused'));
      const variable = await flowtap.run(words, { env: { FLOWTAP_API_KEY: 'unused', FLOWTAP_URL: url } });
      for (const { code, stdout, stderr } of [option, variable]) {
        expect({ url, code }).toEqual({ url, code: words[0] === 'doctor' ? 1 : 64 });
        expect(stdout + stderr).not.toContain('pw-in-address');
        expect(stdout + stderr).toMatch(/must (be an address|have no user name)/);
      }
    }
  }
});
