/** `npm run start:deno` and `deno task start` behave like `npm start`. */
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  expectViewer,
  page,
  read,
  signalGroup,
  START_COMMANDS,
  startCommands,
  type StartCommands,
  type Started,
  useForAWhile,
} from '../local/start-command.ts';
import { eventually } from '../support/eventually.ts';

let commands: StartCommands;
beforeAll(async () => {
  commands = await startCommands();
});
afterEach(() => commands.killAll());
afterAll(() => commands[Symbol.asyncDispose]());

/**
 * Interrupts the whole process group. The exit code is not checked, because npm ends by the same signal as its child.
 */
async function interrupt(flowtap: Started): Promise<void> {
  signalGroup(flowtap, 'SIGINT');
  await flowtap.exited;
  expect(flowtap.output().stderr).not.toContain('Cannot');
}

const [, NPM_START_DENO, DENO_TASK_START] = START_COMMANDS;

test.for([NPM_START_DENO, DENO_TASK_START])(
  '%j prints the same as npm start, its curl command works as pasted, and its keys and cursors survive a restart',
  async (command) => {
    const first = commands.start(command);
    await first.ready;
    const { curl, origin, apiKey, settled, emulator } = read(first);
    const pasted = /^curl -H 'Authorization: Bearer (\S+)' '(\S+)'$/.exec(curl);
    expect(pasted, curl).not.toBeNull();
    const [, pastedKey = '', address = ''] = pasted ?? [];
    const answer = await fetch(address, { headers: { authorization: `Bearer ${pastedKey}` } });
    // Safety: a page has this shape. Any other answer fails the next assertion.
    const { status, cursor } = (await answer.json()) as Record<string, unknown>;
    expect(status).toBe('SUCCEEDED');
    expect(emulator).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    for (const event of ['request', 'archived']) {
      await eventually(() => expect(first.output().stderr).toContain(`"event":"${event}"`));
    }
    await expectViewer(first);
    await useForAWhile(first);
    await interrupt(first);
    await expect(fetch(origin)).rejects.toThrow('fetch failed');

    const second = commands.start(command);
    await second.ready;
    const kept = await page(read(second).origin, settled, apiKey);
    expect(kept.headers.get('cache-status')).toMatch(/^flowtap; hit; detail=/);
    const behind = await page(read(second).origin, settled, apiKey, `&cursor=${String(cursor)}`);
    expect(behind.body).toMatchObject({ messages: [], cursor });
    const secret = await stat(join(commands.stateDir, 'emulator/signing-secret'));
    expect(secret.mode & 0o777).toBe(0o600);
    await interrupt(second);
  },
);

test.each(['PORT', 'EMULATOR_PORT'])('a %s that is in use is reported in one line', async (name) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  // Safety: it listens on TCP, so it has an address and a port.
  const { port } = taken.address() as AddressInfo;
  try {
    const flowtap = commands.start(NPM_START_DENO, { [name]: String(port) });
    expect(await flowtap.exited).toBe(1);
    expect(flowtap.output().stdout).toBe('');
    expect(flowtap.output().stderr).toBe(
      `Cannot start: port ${port} is in use; choose another with ${name}=…\n`,
    );
  } finally {
    taken.close();
  }
});
