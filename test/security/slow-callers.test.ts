/** Tests how long callers that never finish a request body can hold a connection, on both runtimes. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { TARGET } from '../aws-protocol/aws-call.ts';
import { DenoWorld, newKey } from '../deno/deno-process.ts';
import { openWorld } from '../support/on-workerd.ts';
import { ADMIN_TOKEN } from '../support/secret-patterns.ts';

interface Runtime {
  readonly url: string;
  readonly key: string;
  readonly adminToken: string;
  /** Lines that the runtime itself wrote, apart from the service's log. */
  noise(): readonly string[];
  close(): Promise<void>;
}

const runtimes: Readonly<Record<string, () => Promise<Runtime>>> = {
  async workerd() {
    const world = await openWorld();
    return {
      url: world.url.href,
      key: await world.key({ tickets: true }),
      adminToken: ADMIN_TOKEN,
      noise: () => world.lines.filter((line) => !line.startsWith('{')),
      close: () => world.close(),
    };
  },
  async Deno() {
    const world = await DenoWorld.create();
    const { url, noise } = await world.start({ STORE_PATH: ':memory:' });
    const key = await newKey(url);
    return { url, key, adminToken: ADMIN_TOKEN, noise: () => noise, close: () => world.end() };
  },
};

interface Received {
  readonly status: number;
  readonly text: string;
}

/**
 * The pause between two bytes of a body that drips. Far shorter than the permitted silence, so that only the limit on
 * the whole body ends a body that drips.
 */
const DRIP_MS = 500;

/**
 * Sends a request whose body never ends: it stops after a few bytes or, with `drips`, continues byte by byte.
 * Resolves when the server has closed the connection or has answered, depending on `until`.
 */
async function sendUnfinished(
  url: string,
  path: string,
  headers: Record<string, string>,
  { until, drips }: { readonly until: 'closed' | 'answered'; readonly drips: boolean },
): Promise<Received> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const fields = Object.entries({ Host: hostname, 'Content-Length': '1000', ...headers });
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n{"name":`);
  let text = '';
  socket.on('data', (bytes) => (text += String(bytes)));
  // Ignores the error that a write causes after the server has closed the connection.
  socket.on('error', () => undefined);
  const drip = drips ? setInterval(() => socket.write(' '), DRIP_MS) : undefined;
  if (until === 'closed') await once(socket, 'close');
  else while (!text.includes('}')) await once(socket, 'data');
  clearInterval(drip);
  socket.destroy();
  return { status: Number(text.split(' ')[1]), text };
}

// Concurrent, because each test waits for a time limit of up to 30 s.
describe.concurrent.each(Object.keys(runtimes))('on %s', (name) => {
  let runtime: Runtime;
  beforeAll(async () => {
    // Safety: `name` is one of the keys of `runtimes`.
    runtime = await (runtimes[name] as () => Promise<Runtime>)();
  });
  afterAll(() => runtime.close());

  const requests = (key: string, adminToken: string) =>
    [
      ['/', { 'X-Amz-Target': TARGET, 'X-Amz-Security-Token': key }],
      ['/v1/executions/x/tickets', { 'X-API-Key': key }],
      ['/v1/admin/keys', { Authorization: `Bearer ${adminToken}` }],
    ] as const;
  const send = (key: string, adminToken: string, how: Parameters<typeof sendUnfinished>[3]) =>
    Promise.all(
      requests(key, adminToken).map(([path, headers]) => sendUnfinished(runtime.url, path, headers, how)),
    );

  test.each([false, true])(
    'a caller without a valid credential is answered and disconnected before its body is complete (the body drips: %s)',
    async (drips) => {
      const answers = await send('wrong', 'wrong', { until: 'closed', drips });
      expect(answers.map(({ status }) => status)).toEqual([400, 401, 401]);
      expect(answers[0]?.text).toContain('UnrecognizedClientException');
      expect(runtime.noise()).toEqual([]);
    },
  );

  // On Deno the caller is answered, but the connection stays open. src/deno/unfinished-body.ts explains why.
  test('a body that stops or drips is refused in time, and workerd disconnects the caller', async () => {
    const until = name === 'workerd' ? 'closed' : 'answered';
    const bodies = [false, true].map((drips) => send(runtime.key, runtime.adminToken, { until, drips }));
    for (const answers of await Promise.all(bodies)) {
      expect(answers.map(({ status }) => status)).toEqual([400, 408, 408]);
      for (const { text } of answers) expect(text).toContain('did not arrive in time');
    }
    expect(runtime.noise()).toEqual([]);
  });
});
