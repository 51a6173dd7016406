/**
 * How the service on Deno starts and stops: invalid settings, signals, and what happens to streams and waiting
 * requests.
 */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { request, type ClientRequest } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DenoWorld, admin, history, messagesUrl, newKey, type DenoProcess } from './deno-process.ts';
import { ADMIN_TOKEN } from '../support/secret-patterns.ts';
import { eventually } from '../support/eventually.ts';

let world: DenoWorld;
beforeAll(async () => {
  world = await DenoWorld.create();
});
afterAll(() => world.end());

async function openStream(url: string, id: string, apiKey: string): Promise<Response> {
  const headers = { 'x-api-key': apiKey, accept: 'text/event-stream' };
  return fetch(messagesUrl(url, id), { headers });
}

/** Reads until `text` has arrived. Returns a function that reads to the end and resolves with the whole text. */
async function readUntil(response: Response, text: string): Promise<() => Promise<string>> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let read = '';
  const more = async () => {
    const { done = true, value } = (await reader?.read()) ?? {};
    read += value ?? '';
    return !done;
  };
  while (!read.includes(text) && (await more()));
  expect(read).toContain(text);
  return async () => {
    while (await more());
    return read;
  };
}

describe.concurrent('on SIGTERM or SIGINT, the service', () => {
  test('ends streams after a complete event, answers waiting requests with the current state, and exits with 0', async () => {
    const flowtap = await world.start({ STORE_PATH: ':memory:' });
    const apiKey = await newKey(flowtap.url);
    await world.script('running', history(3));
    const toEnd = await readUntil(await openStream(flowtap.url, 'running', apiKey), 'caught-up');
    const headers = { 'x-api-key': apiKey };
    const { cursor } = (await (await fetch(messagesUrl(flowtap.url, 'running'), { headers })).json()) as {
      cursor: string;
    };
    const waits = [
      fetch(messagesUrl(flowtap.url, 'running', `?cursor=${cursor}&waitTimeSeconds=50`), { headers }),
      fetch(`${flowtap.url}v1/executions/running?waitTimeSeconds=50`, { headers }),
    ];
    await eventually(async () => expect(await activity(flowtap, 'running')).toMatchObject({ waiting: 2 }));

    flowtap.process.kill('SIGTERM');
    expect(await toEnd()).toMatch(/^retry: \d+\nid: [^]*\n\n$/);
    const [page, summary] = await Promise.all(waits.map(async (wait) => (await wait).json()));
    expect(page).toEqual({ messages: [], cursor, status: 'RUNNING' });
    expect(summary).toMatchObject({ status: 'RUNNING', messageCount: 3 });
    expect(await flowtap.exited).toBe(0);
    expect(flowtap.noise).toEqual([]);
  });

  test('waits at most 10 s for connections that stay open, then exits with 0', async () => {
    const flowtap = await world.start({ STORE_PATH: ':memory:' });
    const stuck = await unfinishedImport(flowtap.url);
    const beganAtMs = performance.now();
    flowtap.process.kill('SIGTERM');
    expect(await flowtap.exited).toBe(0);
    expect(performance.now() - beganAtMs).toBeGreaterThan(9_000);
    stuck.destroy();
  });

  test('exits with 1 immediately if the signal is sent a second time', async () => {
    const flowtap = await world.start({ STORE_PATH: ':memory:' });
    const stuck = await unfinishedImport(flowtap.url);
    flowtap.process.kill('SIGINT');
    await eventually(() => expect(flowtap.log.map(({ event }) => event)).toContain('stopping'));
    flowtap.process.kill('SIGINT');
    expect(await flowtap.exited).toBe(1);
    stuck.destroy();
  });
});

/** Starts an import whose body never ends. Resolves when the service has begun to read the body. */
async function unfinishedImport(url: string): Promise<ClientRequest> {
  const stuck = request(`${url}v1/admin/executions/unfinished/messages`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, expect: '100-continue' },
  });
  stuck.on('error', () => undefined);
  stuck.flushHeaders();
  await once(stuck, 'continue');
  stuck.write(JSON.stringify(history(1)[0]));
  return stuck;
}

async function activity(flowtap: DenoProcess, id: string): Promise<Record<string, unknown>> {
  return (await (await admin(flowtap.url, `executions/${id}`)).json()) as Record<string, unknown>;
}

describe('the service refuses to start, logs the reason in one line and exits with 1 because of', () => {
  const refused = async (settings: Record<string, string>): Promise<unknown> => {
    const flowtap = await world.start(settings);
    expect(await flowtap.exited).toBe(1);
    expect(flowtap.noise).toEqual([]);
    expect(flowtap.log).toMatchObject([{ event: 'not-started', level: 'error' }]);
    return flowtap.log[0]?.['reason'];
  };

  test.for([
    [{ AWS_REGION: '' }, 'settings: AWS_REGION must be an AWS region'],
    [{ PORT: '80 80' }, 'settings: PORT must be a port number, 0 to 65535'],
    [{ SIGNING_SECRET: 'short' }, 'settings: SIGNING_SECRET must have at least 32 characters'],
    [{ TRUSTED_PROXY: '10.0.0.0/99' }, 'settings: TRUSTED_PROXY must be addresses or blocks'],
    [{ STORE_PATH: '/nowhere/flowtap' }, "settings: STORE_PATH /nowhere/flowtap can't be opened: NotFound"],
    [{ HOST: '192.0.2.1' }, "settings: HOST 192.0.2.1, PORT 0: can't listen there: AddrNotAvailable"],
  ] as const)('the setting %j', async ([settings, line]) => {
    expect(await refused({ ...settings })).toContain(line);
  });

  test('a port that is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    // Safety: it listens on TCP, so it has an address and a port.
    const { port } = taken.address() as AddressInfo;
    try {
      expect(await refused({ PORT: String(port) })).toBe(`settings: PORT ${port} is in use`);
    } finally {
      taken.close();
    }
  });

  test('a store that is not a database', async () => {
    const path = join(world.directory, 'prose');
    await writeFile(path, 'This is not a database, but a sentence that is repeated. '.repeat(20));
    expect(await refused({ STORE_PATH: path })).toContain(`settings: STORE_PATH ${path} can't be opened`);
  });

  test('a store that another process has open (and that process is not disturbed)', async () => {
    const flowtap = await world.start();
    expect(await refused({})).toBe(`settings: STORE_PATH ${world.storePath} is in use by another process`);
    expect((await fetch(`${flowtap.url}healthz`)).status).toBe(200);
  });
});

test('a waiting request frees its slot as soon as its client disconnects', async () => {
  const flowtap = await world.start({ STORE_PATH: ':memory:' });
  const headers = { 'x-api-key': await newKey(flowtap.url) };
  await world.script('left', history(3));
  const leaving = new AbortController();
  const waiting = fetch(`${flowtap.url}v1/executions/left?waitTimeSeconds=50`, {
    headers,
    signal: leaving.signal,
  }).catch(() => 'left');
  await eventually(async () => expect(await activity(flowtap, 'left')).toMatchObject({ waiting: 1 }));
  leaving.abort();
  expect(await waiting).toBe('left');
  await eventually(async () => expect(await activity(flowtap, 'left')).toMatchObject({ waiting: 0 }));
  expect(flowtap.noise).toEqual([]);
});

test('failed authentications are counted by the address that the trusted proxy added to X-Forwarded-For', async () => {
  const flowtap = await world.start({ STORE_PATH: ':memory:', TRUSTED_PROXY: '127.0.0.1' });
  const from = (address: string) =>
    fetch(`${flowtap.url}v1/key`, { headers: { 'x-api-key': 'ftk_wrong', 'x-forwarded-for': address } });
  const statuses = async (addresses: readonly string[]) => {
    const seen: number[] = [];
    for (const address of addresses) seen.push((await from(address)).status);
    return seen;
  };
  const spread = await statuses(Array.from({ length: 40 }, (_, index) => `198.51.100.${index}`));
  expect(new Set(spread)).toEqual(new Set([401]));
  // The caller can forge every address but the last, so only 192.0.2.7 counts.
  const invented = await statuses(Array.from({ length: 40 }, (_, index) => `203.0.113.${index}, 192.0.2.7`));
  expect(invented.filter((status) => status === 429)).toHaveLength(10);
});
