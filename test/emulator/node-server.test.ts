/** The emulator over real sockets: behaviour that cannot be tested with a fetch handler. */
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { REQUEST_BYTES_MAX } from '../../src/emulator/aws-json.ts';
import { startEmulatorServer, type EmulatorServer } from '../../src/emulator/server/node-server.ts';
import { scenarioId } from '../../src/emulator/scenarios/catalog.ts';
import { CREDENTIALS, signedRequest, UUID } from './signed-call.ts';

const started: EmulatorServer[] = [];

async function start(faults?: object): Promise<EmulatorServer> {
  const server = await startEmulatorServer({ port: 0, credentials: CREDENTIALS });
  started.push(server);
  if (faults !== undefined) {
    const answer = await fetch(`${server.url}/_emulator/faults`, {
      method: 'PUT',
      body: JSON.stringify(faults),
    });
    expect(answer.status).toBe(200);
  }
  return server;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()));
});

const cloudFlow = () => scenarioId('CloudFlow', Date.now() - 60_000, 'Sqs', UUID);

const call = async (server: EmulatorServer, signal?: AbortSignal): Promise<Response> => {
  const body = { flowExecutionId: cloudFlow() };
  return fetch(
    await signedRequest(body, { nowMs: Date.now(), origin: server.url }),
    signal ? { signal } : {},
  );
};

/** Resolves with the error code of a failed call, or with the message `no failure`. */
const failure = async (answer: Promise<unknown>): Promise<string> => {
  const error = await answer.then(
    () => new Error('no failure'),
    (thrown: Error) => thrown,
  );
  const cause: unknown = error.cause ?? error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
};

/** Sends raw bytes. Resolves with the answer when the server closes or resets the connection. */
function raw(server: EmulatorServer, text: string): Promise<{ received: string; reset: boolean }> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    let received = '';
    let reset = false;
    socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    socket.on('error', (error: NodeJS.ErrnoException) => (reset = error.code === 'ECONNRESET'));
    socket.on('close', () => resolve({ received, reset }));
    socket.write(text);
  });
}

/** Returns a signed call as raw HTTP/1.1 text. */
async function signedBytes(server: EmulatorServer): Promise<string> {
  const request = await signedRequest(
    { flowExecutionId: cloudFlow() },
    { nowMs: Date.now(), origin: server.url },
  );
  const body = await request.text();
  const headers = [
    ...request.headers,
    ['host', new URL(server.url).host],
    ['content-length', String(body.length)],
  ];
  return `POST / HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

describe('the emulator on a socket', () => {
  it('answers signed calls and the control API', async () => {
    const server = await start();
    const answer = await call(server);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-length')).toMatch(/^\d+$/);
    expect(await answer.json()).toMatchObject({ messages: expect.arrayContaining([]) });
    const stats = await fetch(`${server.url}/_emulator/stats`);
    expect(await stats.json()).toMatchObject({ calls: 1, refused: { calls: 0 } });
    expect((await fetch(`${server.url}/_emulator`, { method: 'DELETE' })).status).toBe(204);
    expect(server.emulator.stats().calls).toBe(0);
  });

  it('resets the connection without sending a byte of the answer', async () => {
    const server = await start({ resetRate: 1 });
    expect(await failure(call(server))).toBe('ECONNRESET');
    expect(await raw(server, await signedBytes(server))).toEqual({ received: '', reset: true });
    expect(server.emulator.stats()).toMatchObject({ calls: 2, resets: 2, inFlight: 0 });
  });

  it('truncates the body: closes the connection after half of the content-length', async () => {
    const server = await start({ truncateRate: 1 });
    const answer = await call(server);
    expect(answer.status).toBe(200);
    expect(await failure(answer.text())).not.toBe('no failure');

    const { received, reset } = await raw(server, await signedBytes(server));
    const [head = '', body = ''] = received.split('\r\n\r\n');
    const promised = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    expect(reset).toBe(false);
    expect(body.length).toBe(Math.floor(promised / 2));
    expect(body).toMatch(/^\{"messages":\[\{"messageId":"0"/);
  });

  it('stalls until the caller disconnects', async () => {
    const server = await start({ stallRate: 1 });
    const caller = new AbortController();
    const answer = failure(call(server, caller.signal));
    await expect.poll(() => server.emulator.stats().inFlight).toBe(1);
    caller.abort();
    await answer;
    await expect.poll(() => server.emulator.stats().inFlight).toBe(0);
    expect(server.emulator.stats()).toMatchObject({ stalled: 1 });
  });

  it('answers XML, throttling and internal failures with their statuses', async () => {
    const statusOf = async (faults: object) => (await call(await start(faults))).status;
    expect(await statusOf({ xmlErrorRate: 1 })).toBe(403);
    expect(await statusOf({ throttleRate: 1 })).toBe(400);
    expect(await statusOf({ internalErrorRate: 1 })).toBe(500);
  });

  it('reads a body that is too long to its end, then answers 413', async () => {
    const server = await start();
    const answer = await fetch(server.url, { method: 'POST', body: 'x'.repeat(4 * REQUEST_BYTES_MAX) });
    expect(answer.status).toBe(413);
  });

  it('survives malformed requests, and callers that disconnect early', async () => {
    const server = await start();
    const firstLine = async (text: string) => (await raw(server, text)).received.split('\r\n')[0];
    expect(await firstLine('nonsense\r\n\r\n')).toMatch(/ 400 /);
    const close = 'host: x\r\nconnection: close\r\n\r\n';
    expect(await firstLine(`TRACE / HTTP/1.1\r\n${close}`)).toMatch(/ 400 /);
    expect(await firstLine(`GET http:// HTTP/1.1\r\n${close}`)).toMatch(/ 400 /);
    expect(await firstLine(`GET // HTTP/1.1\r\n${close}`)).toMatch(/ 403 /);
    expect(await firstLine(`GET http://elsewhere/_emulator/stats HTTP/1.1\r\n${close}`)).toMatch(/ 200 /);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => {
        socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf', () => {
          socket.destroy();
          resolve();
        });
      });
    });
    expect((await call(server)).status).toBe(200);
  });
});

describe('starting and stopping', () => {
  it('close() ends stalled calls and idle connections, and frees the port', async () => {
    const server = await start({ stallRate: 1 });
    const stalled = failure(call(server));
    const idle = connect(Number(new URL(server.url).port), '127.0.0.1');
    const idleClosed = new Promise<void>((resolve) => idle.on('close', () => resolve()));
    await expect.poll(() => server.emulator.stats().inFlight).toBe(1);
    await server.close();
    await idleClosed;
    expect(await stalled).not.toBe('no failure');
    expect(server.emulator.stats().inFlight).toBe(0);
    expect(await failure(fetch(server.url))).toBe('ECONNREFUSED');
    const port = Number(new URL(server.url).port);
    started.push(await startEmulatorServer({ port, credentials: CREDENTIALS }));
  });

  it('a port in use fails the start with a one-line message and the code EADDRINUSE', async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    await expect(startEmulatorServer({ port, credentials: CREDENTIALS })).rejects.toMatchObject({
      message: `Cannot start the emulator on 127.0.0.1:${port}: the port is in use`,
      code: 'EADDRINUSE',
    });
  });

  it('refuses to listen on anything but loopback', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.0.1', 'example.com', '127.0.0.1.example.com', '']) {
      await expect(startEmulatorServer({ port: 0, host, credentials: CREDENTIALS })).rejects.toThrow(
        'loopback only',
      );
    }
    const server = await startEmulatorServer({ port: 0, host: 'localhost', credentials: CREDENTIALS });
    started.push(server);
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });
});
