/** `npm start` as somebody meets it who has just cloned the repository. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startEmulatorServer } from '../../src/emulator/node-server.ts';
import { scenarioId } from '../../src/emulator/scenarios/catalog.ts';
import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { onPath } from '../support/installed.ts';

const run = promisify(execFile);
let stateDir: string;
const started: Started[] = [];

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'flowtap-start-'));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((flowtap) => flowtap.end()));
});
afterAll(() => rm(stateDir, { recursive: true, force: true }));

interface Started {
  readonly process: ChildProcess;
  /** All of it so far. */
  readonly output: () => { readonly stdout: string; readonly stderr: string };
  readonly exited: Promise<number | null>;
  /** Resolves when it says that it is ready, or has ended. */
  readonly ready: Promise<void>;
  end(): Promise<void>;
}

function start(
  settings: Record<string, string> = {},
  command = [process.execPath, 'src/local/start.ts'],
): Started {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: PROJECT_ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, as a terminal gives to what it runs.
    detached: true,
    env: {
      PATH: process.env['PATH'],
      HOME: stateDir,
      STATE_DIR: stateDir,
      PORT: '0',
      EMULATOR_PORT: '0',
      ...settings,
    },
  });
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const exited = once(child, 'close').then(([code]) => code as number | null);
  const isReady = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
      if (stdout.includes('Ctrl-C ends it')) resolve();
    });
  });
  const flowtap: Started = {
    process: child,
    output: () => ({ stdout, stderr }),
    exited,
    ready: Promise.race([isReady, exited.then(() => {})]),
    end: async () => {
      signalGroup(child, 'SIGKILL');
      await exited;
    },
  };
  started.push(flowtap);
  return flowtap;
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(pid ?? 0), signal);
  } catch {
    // All of it has ended.
  }
}

/** What the welcome says, taken apart. */
function read({ output }: Started) {
  const { stdout } = output();
  const one = (pattern: RegExp) => pattern.exec(stdout)?.[1] ?? `nothing matches ${pattern} in:\n${stdout}`;
  return {
    origin: one(/^Flowtap answers at (\S+)$/m),
    apiKey: one(/^ {4}(ftk_\w+)$/m),
    curl: one(/^ {4}(curl .*)$/m),
    settled: one(/^ {4}(urn:\S+)\n +settled.*succeeded$/m),
    failed: one(/^ {4}(urn:\S+)\n +settled.*failed in its last step$/m),
    running: one(/^ {4}(urn:\S+)\n +running.*no end$/m),
    emulator: one(/^ {2}Upstream: the emulator, (\S+)/m),
  };
}

async function page(
  origin: string,
  id: string,
  apiKey: string,
  more = '',
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${origin}/v1/executions/${id}/messages?maxResults=250${more}`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Process ids of all that runs in the child's group. Linux only; empty elsewhere. */
async function groupOf({ pid }: ChildProcess): Promise<number[]> {
  const all = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(all.map((name) => readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')));
  // `pid (name) state ppid pgrp …`
  return stats.flatMap((stat) => {
    const [, id, state, group] = /^(\d+) \(.*\) (\S) \d+ (\d+) /s.exec(stat) ?? [];
    return Number(group) === pid && state !== 'Z' ? [Number(id)] : [];
  });
}

async function expectEnd(flowtap: Started): Promise<void> {
  expect(await flowtap.exited).toBe(0);
  expect(await groupOf(flowtap.process)).toEqual([]);
  await expect(fetch(read(flowtap).origin)).rejects.toThrow('fetch failed');
  expect(flowtap.output().stderr).not.toMatch(/crash|Cannot/);
}

test('prints a curl that works as pasted (where there is one) and executions that are as it says; Ctrl-C ends all of it', async () => {
  const flowtap = start();
  await flowtap.ready;
  const { origin, apiKey, curl, settled, failed, running } = read(flowtap);

  if (onPath('curl')) {
    const pasted = await run('sh', ['-c', `${curl} --silent --show-error`]);
    expect(JSON.parse(pasted.stdout)).toMatchObject({ status: 'SUCCEEDED' });
  }
  expect((await page(origin, settled, apiKey)).body['messages']).toHaveLength(36);
  expect((await fetch(`${origin}/docs`)).status).toBe(200);
  expect(await page(origin, running, apiKey)).toMatchObject({ status: 200, body: { status: 'RUNNING' } });
  expect(await page(origin, failed, apiKey)).toMatchObject({ status: 200, body: { status: 'FAILED' } });

  if (process.platform === 'linux') expect((await groupOf(flowtap.process)).length).toBeGreaterThan(1);
  signalGroup(flowtap.process, 'SIGINT');
  // npm passes on what the terminal has sent already.
  flowtap.process.kill('SIGINT');
  await expectEnd(flowtap);
  // What was asked here is in the log, and nothing that the start asked.
  const asked = [...flowtap.output().stderr.matchAll(/"route":"(.+?)"/g)].map(([, route]) => route);
  expect(new Set(asked)).toEqual(new Set(['execution-messages']));
});

test('an archive, a key and a cursor survive a restart, and the archive costs the upstream nothing; SIGTERM and SIGHUP end all', async () => {
  const first = start();
  await first.ready;
  const before = read(first);
  const said = await page(before.origin, before.settled, before.apiKey);
  expect(said.body['messages']).toHaveLength(36);
  await vi.waitFor(
    async () => {
      const summary = await fetch(`${before.origin}/v1/executions/${before.settled}`, {
        headers: { 'x-api-key': before.apiKey },
      });
      expect(await summary.json()).toHaveProperty('archivedAt');
    },
    { timeout: 10_000 },
  );
  first.process.kill('SIGTERM');
  await expectEnd(first);

  const second = start();
  await second.ready;
  expect((await stat(join(stateDir, 'emulator/signing-secret'))).mode & 0o777).toBe(0o600);
  const { origin, emulator } = read(second);
  const cursor = String(said.body['cursor']);
  const behind = await page(origin, before.settled, before.apiKey, `&cursor=${cursor}`);
  expect(behind).toMatchObject({ status: 200, body: { messages: [] } });
  const again = await page(origin, before.settled, before.apiKey);
  expect(again.body['messages']).toEqual(said.body['messages']);
  expect(await (await fetch(`${emulator}/_emulator/stats`)).text()).not.toContain(before.settled);
  second.process.kill('SIGHUP');
  await expectEnd(second);
});

test.runIf(process.platform === 'linux')('all of it ends when npm, which started it, is killed', async () => {
  const npm = start({}, ['npm', 'start']);
  await npm.ready;
  process.kill(npm.process.pid ?? 0, 'SIGKILL');
  await vi.waitFor(async () => expect(await groupOf(npm.process)).toEqual([]), { timeout: 10_000 });
});

test.each(['PORT', 'EMULATOR_PORT'])('a %s in use is one line, and nothing stays behind', async (name) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  // Safety: it listens on TCP.
  const { port } = taken.address() as AddressInfo;
  try {
    const flowtap = start({ [name]: String(port) });
    expect(await flowtap.exited).toBe(1);
    expect(flowtap.output()).toEqual({
      stdout: '',
      stderr: `Cannot start: port ${port} is in use; choose another with ${name}=…\n`,
    });
    expect(await groupOf(flowtap.process)).toEqual([]);
  } finally {
    taken.close();
  }
});

test('a second start on the same state is one line, and does not disturb the first', async () => {
  const first = start();
  await first.ready;
  const second = start();
  expect(await second.exited).toBe(1);
  expect(second.output()).toEqual({
    stdout: '',
    stderr: `Cannot start: another Flowtap uses ${join(stateDir, 'emulator')}; choose another with STATE_DIR=…\n`,
  });
  expect((await fetch(`${read(first).origin}/healthz`)).status).toBe(200);
});

test('another upstream is read with the credentials of the environment, named before it is used', async () => {
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
