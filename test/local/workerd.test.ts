import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startWorkerd, type LocalWorkerd, type WorkerdOptions } from '../../src/local/workerd.ts';
import { eventually } from '../support/eventually.ts';

/** A Worker with the bindings of wrangler.toml but without the service, because these tests cover only the runner. */
const script = `
  import { DurableObject } from 'cloudflare:workers';
  export class CallBudgetObject extends DurableObject {}
  export class ExecutionObject extends DurableObject {
    count() {
      const count = (this.ctx.storage.kv.get('count') ?? 0) + 1;
      this.ctx.storage.kv.put('count', count);
      return count;
    }
  }
  export default {
    async fetch(request, env) {
      console.log(JSON.stringify({ event: 'request', path: new URL(request.url).pathname }));
      return Response.json({
        region: env.AWS_REGION,
        secret: env.SECRET,
        stored: await env.STORE.get('key'),
        count: await env.EXECUTIONS.getByName('one').count(),
        limited: !(await env.RATE_STANDARD.limit({ key: 'k' })).success,
      });
    },
  };`;

let scratch: string;
const running: LocalWorkerd[] = [];
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'flowtap-test-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((workerd) => workerd.stop()));
  await rm(scratch, { recursive: true });
});

async function start(options: Partial<WorkerdOptions> = {}): Promise<LocalWorkerd> {
  const workerd = await startWorkerd({ vars: {}, script, ...options });
  running.push(workerd);
  return workerd;
}

const ask = async (url: URL): Promise<unknown> => (await fetch(url)).json();

test('bindings and variables come from wrangler.toml, and given variables override its variables', async () => {
  const workerd = await start({ vars: { SECRET: 'given' } });
  await workerd.store.put('key', 'from here');
  expect(await ask(workerd.url)).toEqual({
    region: 'us-west-2',
    secret: 'given',
    stored: 'from here',
    count: 1,
    limited: false,
  });
});

test('rate limits are those of wrangler.toml: a hundred requests in ten seconds', async () => {
  const { url } = await start();
  const beganAtMs = performance.now();
  const limited: boolean[] = [];
  while (!limited.includes(true)) {
    const answers = await Promise.all(Array.from({ length: 250 }, () => ask(url)));
    limited.push(...answers.map((answer) => (answer as { limited: boolean }).limited));
  }
  const allowed = limited.filter((each) => !each).length;
  // The first and the last request can be in the middle of a period, so up to two more periods are involved.
  const periods = Math.floor((performance.now() - beganAtMs) / 10_000) + 2;
  expect(allowed).toBeGreaterThanOrEqual(100);
  expect(allowed).toBeLessThanOrEqual(100 * periods);
});

test('after kill(), restart() starts the Worker on the same port with its stored state', async () => {
  const workerd = await start();
  const { href } = workerd.url;
  await workerd.store.put('key', 'kept');
  expect(await ask(workerd.url)).toMatchObject({ count: 1 });

  await workerd.kill();
  expect(workerd.pid).toBeUndefined();
  await expect(fetch(href)).rejects.toThrow('fetch failed');

  await workerd.restart();
  expect(workerd.url.href).toBe(href);
  expect(await ask(workerd.url)).toMatchObject({ stored: 'kept', count: 2 });
});

test('a workerd that crashes is restarted and logged', async () => {
  const lines: string[] = [];
  const workerd = await start({ onLog: (line) => lines.push(line) });
  const first = workerd.pid;
  expect(first).toBeDefined();
  process.kill(first ?? 0, 'SIGKILL');
  await eventually(() => expect(workerd.pid).not.toBe(first));
  await eventually(async () => expect(await ask(workerd.url)).toMatchObject({ count: 1 }));
  expect(lines.join('\n')).toContain('crashed unexpectedly and is being restarted');
});

test('onLog gets each log line unchanged', async () => {
  const lines: string[] = [];
  const { url } = await start({ onLog: (line) => lines.push(line) });
  await fetch(new URL('/here', url));
  await eventually(() => expect(lines).toEqual(['{"event":"request","path":"/here"}']));
});

test('stop() deletes temporary state, and keeps the state in a given directory', async () => {
  const own = await start();
  await own.store.put('key', 'value');
  await own.stop();
  expect(() => own.store).toThrow('workerd is not running');

  const named = await start({ persistTo: scratch });
  await named.store.put('key', 'value');
  await named.stop();
  expect(await readdir(scratch)).toContain('kv');
  const again = await start({ persistTo: scratch });
  expect(await again.store.get('key')).toBe('value');
});

test('a port in use fails the start with an error that names the port', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  // Safety: it listens on TCP, so it has an address and a port.
  const { port } = taken.address() as AddressInfo;
  try {
    await expect(start({ port })).rejects.toThrow(`Cannot listen on 127.0.0.1:${port}: it is in use`);
  } finally {
    taken.close();
  }
});

test.runIf(process.platform !== 'win32')(
  'workerd ends with its parent, however the parent is killed',
  async () => {
    const program = fileURLToPath(new URL('workerd-parent.ts', import.meta.url));
    const parent = spawn(process.execPath, [program, scratch, script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    const pid = Number(line);
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await eventually(() => expect(isAlive(pid)).toBe(false));
  },
);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
