/** `npm run start:deno` and `deno task start`, as somebody meets them who knows `npm start`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PROJECT_ROOT } from '../../src/local/bundle.ts';

let stateDir: string;
const started: ChildProcess[] = [];
beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'flowtap-start-deno-'));
});
afterAll(async () => {
  for (const child of started) {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // All of it has ended.
    }
  }
  await rm(stateDir, { recursive: true, force: true });
});

interface Started {
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exited: Promise<unknown>;
}

/** Resolves when it says that it is ready, or has ended. */
async function start([program = '', ...args]: readonly string[], settings = {}): Promise<Started> {
  const child = spawn(program, args, {
    cwd: PROJECT_ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
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
  started.push(child);
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const exited = once(child, 'close').then(([code]) => code as unknown);
  await Promise.race([
    exited,
    new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk) => {
        stdout += String(chunk);
        if (stdout.includes('Ctrl-C ends it')) resolve();
      });
    }),
  ]);
  return { process: child, stdout: () => stdout, stderr: () => stderr, exited };
}

/** As a terminal does: to all of the group. npm passes the signal's own end on, as everybody does. */
async function interrupt(flowtap: Started): Promise<void> {
  process.kill(-(flowtap.process.pid ?? 0), 'SIGINT');
  await flowtap.exited;
  expect(flowtap.stderr()).not.toContain('Cannot');
}

test.for([
  ['npm', 'run', '--silent', 'start:deno'],
  ['deno', 'task', '--quiet', 'start'],
])(
  '%j says what npm start says, its curl works as pasted, and its keys and cursors outlive it',
  async (command) => {
    const first = await start(command);
    const curl = /^ {4}curl -H 'Authorization: Bearer (\S+)' '(\S+)'$/m.exec(first.stdout());
    expect(curl, first.stderr()).not.toBeNull();
    const [, apiKey = '', address = ''] = curl ?? [];
    const page = await fetch(address, { headers: { authorization: `Bearer ${apiKey}` } });
    // Safety: a page of ours; a failure shows below.
    const { status, cursor } = (await page.json()) as Record<string, unknown>;
    expect(status).toBe('SUCCEEDED');
    expect(first.stdout()).toMatch(/^ {2}Upstream: the emulator, http:\/\/127\.0\.0\.1:\d+ /m);
    expect(first.stderr()).toMatch(/"event":"request"/);
    await vi.waitFor(() => expect(first.stderr()).toContain('"event":"archived"'), 5_000);
    await interrupt(first);
    await expect(fetch(address)).rejects.toThrow('fetch failed');

    const second = await start(command);
    const again = new URL(address);
    again.port = /^Flowtap answers at http:\/\/127\.0\.0\.1:(\d+)$/m.exec(second.stdout())?.[1] ?? '';
    const kept = await fetch(again, { headers: { authorization: `Bearer ${apiKey}` } });
    expect(kept.headers.get('cache-status')).toMatch(/^flowtap; hit; detail=/);
    again.searchParams.set('cursor', String(cursor));
    const behind = await fetch(again, { headers: { authorization: `Bearer ${apiKey}` } });
    expect(await behind.json()).toMatchObject({ messages: [], cursor });
    expect((await stat(join(stateDir, 'emulator/signing-secret'))).mode & 0o777).toBe(0o600);
    await interrupt(second);
  },
);

test.each(['PORT', 'EMULATOR_PORT'])('a %s in use is one line', async (name) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  // Safety: it listens on TCP.
  const { port } = taken.address() as AddressInfo;
  try {
    const flowtap = await start(['npm', 'run', '--silent', 'start:deno'], { [name]: String(port) });
    expect(await flowtap.exited).toBe(1);
    expect(flowtap.stdout()).toBe('');
    expect(flowtap.stderr()).toBe(`Cannot start: ${name} ${port} is in use\n`);
  } finally {
    taken.close();
  }
});
