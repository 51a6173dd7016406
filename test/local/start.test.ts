/** `npm start`, run as in a fresh clone. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startEmulatorServer } from '../../src/emulator/server/node-server.ts';
import { parseWatchFragment } from '../../src/core/watch-link.ts';
import { scenarioId } from '../../src/emulator/scenarios/catalog.ts';
import { runAlone } from '../aws-protocol/run-alone.ts';
import { hasChromium, launchChromium, openPage } from '../support/chromium.ts';
import { hasAwsCli, onPath } from '../support/installed.ts';
import { orderFlow } from '../viewer/order-flow.ts';
import { shownMessages, shownSteps, untilPhase } from '../viewer/viewer-page.ts';
import {
  expectEnd,
  expectViewer,
  groupOf,
  page,
  read,
  signalGroup,
  startCommands,
  type StartCommands,
  type Started,
  useForAWhile,
  viewerLinks,
} from './start-command.ts';
import { eventually } from '../support/eventually.ts';

const run = promisify(execFile);
let commands: StartCommands;

beforeAll(async () => {
  commands = await startCommands();
});
afterEach(() => commands.killAll());
afterAll(() => commands[Symbol.asyncDispose]());

const start = (settings: Record<string, string> = {}): Started =>
  commands.start([process.execPath, 'src/local/start.ts'], settings);

test('prints curl and AWS CLI commands that work as pasted, and executions whose status is as described; Ctrl-C stops all processes', async () => {
  const flowtap = start();
  await flowtap.ready;
  const { origin, apiKey, curl, aws, listAsJson, listAsTable, settled, failed, running } = read(flowtap);

  if (onPath('curl')) {
    const pasted = await run('sh', ['-c', `${curl} --silent --show-error`]);
    expect(JSON.parse(pasted.stdout)).toMatchObject({ status: 'SUCCEEDED' });
    const listed = await run('sh', ['-c', `${listAsJson} --silent --show-error`]);
    expect(JSON.parse(listed.stdout).executions.length).toBeGreaterThan(10);
  }
  if (hasAwsCli()) {
    // Simulates a user with AWS credentials in the shell. They must not affect the command.
    const { code, stdout, stderr } = await runAlone('/bin/sh', ['-c', aws], {
      env: { AWS_SESSION_TOKEN: 'a real one' },
    });
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout).events[0]).toMatchObject({ id: 1, type: 'ExecutionStarted' });
  }
  const table = await run('sh', ['-c', listAsTable]);
  expect(table.stdout).toMatch(/^RUNNING\t.*\t\d*\tarn:aws:states:us-west-2:123456789012:execution:Rounds:/m);
  expect((await page(origin, settled, apiKey)).body['messages']).toHaveLength(36);
  expect((await fetch(`${origin}/docs`)).status).toBe(200);
  expect(await page(origin, running, apiKey)).toMatchObject({ status: 200, body: { status: 'RUNNING' } });
  expect(await page(origin, failed, apiKey)).toMatchObject({ status: 200, body: { status: 'FAILED' } });

  await useForAWhile(flowtap);
  if (process.platform === 'linux') expect((await groupOf(flowtap)).length).toBeGreaterThan(1);
  signalGroup(flowtap, 'SIGINT');
  // Sends SIGINT a second time, as npm does: it forwards the signal that the whole group has already received.
  flowtap.process.kill('SIGINT');
  await expectEnd(flowtap);
  // The log contains the requests of this test, but not those that the start command makes itself.
  const asked = [...flowtap.output().stderr.matchAll(/"route":"(.+?)"/g)].map(([, route]) => route);
  expect(new Set(asked)).toEqual(
    new Set([
      'execution-messages',
      'executions',
      'flows',
      ...(hasAwsCli() ? ['aws-GetExecutionHistory'] : []),
    ]),
  );
});

test('an archive, a key and a cursor survive a restart without an upstream call, and SIGTERM and SIGHUP stop all processes', async () => {
  const first = start();
  await first.ready;
  const before = read(first);
  const settled = await page(before.origin, before.settled, before.apiKey);
  expect(settled.body['messages']).toHaveLength(36);
  await eventually(async () => {
    const summary = await fetch(`${before.origin}/v1/executions/${before.settled}`, {
      headers: { 'x-api-key': before.apiKey },
    });
    expect(await summary.json()).toHaveProperty('archivedAt');
  });
  first.process.kill('SIGTERM');
  await expectEnd(first);

  const second = start();
  await second.ready;
  expect((await stat(join(commands.stateDir, 'emulator/signing-secret'))).mode & 0o777).toBe(0o600);
  const { origin, emulator } = read(second);
  const cursor = String(settled.body['cursor']);
  const behind = await page(origin, before.settled, before.apiKey, `&cursor=${cursor}`);
  expect(behind).toMatchObject({ status: 200, body: { messages: [] } });
  const again = await page(origin, before.settled, before.apiKey);
  expect(again.body['messages']).toEqual(settled.body['messages']);
  expect(await (await fetch(`${emulator}/_emulator/stats`)).text()).not.toContain(before.settled);
  second.process.kill('SIGHUP');
  await expectEnd(second);
});

test('prints three viewer links, which work without the upstream once their executions are archived', async () => {
  const flowtap = start();
  await flowtap.ready;
  await expectViewer(flowtap);
  const { origin, emulator } = read(flowtap);
  const links = viewerLinks(flowtap).map(({ link }) => link);
  const targets = links.map((link) => parseWatchFragment(new URL(link).hash));
  const summaries = () =>
    Promise.all(
      targets.map(async ({ execution = '', ticket = '' }) => {
        const response = await fetch(`${origin}/v1/executions/${execution}?ticket=${ticket}`);
        // Safety: a summary has this shape. A problem fails the assertions below.
        return (await response.json()) as { status: string; archivedAt?: string };
      }),
    );
  const control = async (path: string, body: unknown) => {
    const answer = await fetch(`${emulator}/_emulator${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    expect(answer.ok).toBe(true);
  };
  const browser = hasChromium() ? await launchChromium() : undefined;
  onTestFinished(() => browser?.close());
  const watched = browser && (await openPage(browser)).page;
  if (watched) {
    await watched.goto(links[0] ?? '');
    await untilPhase(watched, 'live');
    expect(await watched.locator('.badge').innerText()).toBe('Running');
    await watched.locator('.bar.running').first().waitFor();
    const { length } = await shownMessages(watched);
    await expect
      .poll(async () => (await shownMessages(watched)).length, { timeout: 60_000 })
      .toBeGreaterThan(length);
    await watched.close();
  }
  // Moves the start of the running execution, so that it ends in five seconds instead of five minutes.
  const startMs = Date.now() - 23_700;
  await control('/executions', {
    executionArn: targets[0]?.execution,
    events: orderFlow('succeeds').events(startMs),
    visibleAt: startMs,
  });
  const statuses = async () => (await summaries()).map(({ status }) => status);
  expect(await statuses()).toEqual(['RUNNING', 'FAILED', 'SUCCEEDED']);
  await eventually(async () => {
    for (const summary of await summaries()) expect(summary).toHaveProperty('archivedAt');
  });
  await control('/faults', { resetRate: 1 });
  expect(await statuses()).toEqual(['SUCCEEDED', 'FAILED', 'SUCCEEDED']);
  if (!browser) return;
  for (const [index, word] of ['Succeeded', 'Failed', 'Succeeded'].entries()) {
    const { page, problems } = await openPage(browser, { viewport: { width: 1280, height: 1600 } });
    await page.goto(links[index] ?? '');
    await untilPhase(page, 'ended');
    expect(await page.locator('.badge').innerText()).toBe(word);
    const steps = await shownSteps(page);
    expect(steps.length).toBeGreaterThan(2);
    if (index === 2) {
      const names = steps.filter(({ level }) => level > 1).map(({ name }) => name);
      expect(names).toContain('Branch 0');
      expect(names).toContain('Branch 1');
      expect(names).toContain('Iteration 0');
      expect(steps.map(({ attempts }) => attempts)).toContain('×2');
    }
    expect(problems).toEqual([]);
  }
});

test.each(['PORT', 'EMULATOR_PORT'])(
  'a %s in use is reported in one line, and no process stays behind',
  async (name) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    // Safety: it listens on TCP, so it has an address and a port.
    const { port } = taken.address() as AddressInfo;
    try {
      const flowtap = start({ [name]: String(port) });
      expect(await flowtap.exited).toBe(1);
      expect(flowtap.output()).toEqual({
        stdout: '',
        stderr: `Cannot start: port ${port} is in use; choose another with ${name}=…\n`,
      });
      expect(await groupOf(flowtap)).toEqual([]);
    } finally {
      taken.close();
    }
  },
);

test('a second start with the same state directory is refused in one line and does not disturb the first', async () => {
  const first = start();
  await first.ready;
  const second = start();
  expect(await second.exited).toBe(1);
  expect(second.output()).toEqual({
    stdout: '',
    stderr: `Cannot start: another Flowtap uses ${join(commands.stateDir, 'emulator')}; choose another with STATE_DIR=…\n`,
  });
  expect((await fetch(`${read(first).origin}/healthz`)).status).toBe(200);
});

test('another upstream is named in the first line of output and called with the credentials of the environment', async () => {
  const credentials = { accessKeyId: 'AKIAENVIRONMENT', secretAccessKey: 'of the environment' };
  const upstream = await startEmulatorServer({ port: 0, credentials });
  try {
    const flowtap = start({
      AWS_ENDPOINT_URL_IOTTHINGSGRAPH: upstream.url,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    });
    await flowtap.ready;
    const { stdout } = flowtap.output();
    expect(stdout).toMatch(
      new RegExp(`^Upstream: ${upstream.url}, region eu-west-1, key id AKIAENVIRONMENT\n`),
    );
    expect(stdout).not.toContain('emulator');
    const { origin, apiKey } = read(flowtap);
    const id = scenarioId('CloudFlow', Date.now() - 60_000, 'Test', '00000000-0000-4000-8000-000000000000');
    expect(await page(origin, id, apiKey)).toMatchObject({ status: 200, body: { status: 'SUCCEEDED' } });
  } finally {
    await upstream.close();
  }
});
