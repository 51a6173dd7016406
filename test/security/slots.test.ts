/**
 * On workerd and on Deno, one key tries to take all slots of an execution: with waiting requests, with waiting
 * requests that then disconnect, and with streams of an archived history.
 */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DenoWorld, admin, history, newKey } from '../deno/deno-process.ts';
import { eventually } from '../support/eventually.ts';
import { messagesPath, openWorld } from '../support/on-workerd.ts';

interface Service {
  readonly url: string;
  key(limits?: object): Promise<string>;
  script(id: string, messages: ReturnType<typeof history>): Promise<void>;
  admin(path: string, init?: Pick<RequestInit, 'method' | 'body'>): Promise<Response>;
  close(): Promise<void>;
}

const services = {
  async workerd(): Promise<Service> {
    const world = await openWorld();
    return {
      url: world.url.href,
      key: (limits) => world.key(limits),
      script: (id, messages) => world.script(id, messages),
      admin: (path, init) => world.admin(init?.method ?? 'GET', `/${path}`, init),
      close: () => world.close(),
    };
  },
  async Deno(): Promise<Service> {
    const world = await DenoWorld.create();
    const { url } = await world.start({ STORE_PATH: ':memory:' });
    return {
      url,
      key: (limits) => newKey(url, limits),
      script: (id, messages) => world.script(id, messages),
      admin: (path, init) => admin(url, path, init),
      close: () => world.end(),
    };
  },
};

/** A request on its own connection. The test can stop reading the answer at any point. */
class RawRequest {
  readonly socket: Socket;
  text = '';

  constructor(base: string, path: string, key: string, accept: string) {
    const { hostname, port, host } = new URL(base);
    this.socket = connect({ host: hostname, port: Number(port) });
    this.socket.on('error', () => undefined);
    this.socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: ${accept}\r\nX-API-Key: ${key}\r\n\r\n`,
    );
    this.socket.on('data', (bytes) => (this.text += bytes.toString('latin1')));
  }
}

describe.each(Object.entries(services))('on %s', (_name, start) => {
  let service: Service;
  beforeAll(async () => {
    service = await start();
  });
  afterAll(() => service.close());

  const read = (id: string, key: string, query = '', accept = 'application/json') =>
    fetch(new URL(messagesPath(id, query), service.url), { headers: { 'X-API-Key': key, Accept: accept } });
  const cursorOf = async (id: string, key: string): Promise<string> =>
    ((await (await read(id, key)).json()) as { cursor: string }).cursor;
  const activity = async (id: string) =>
    (await (await service.admin(`executions/${id}`)).json()) as { streams: number; waiting: number };
  const waits = (count: number, id: string, key: string, cursor: string) =>
    Array.from(
      { length: count },
      () =>
        new RawRequest(
          service.url,
          messagesPath(id, `waitTimeSeconds=50&cursor=${cursor}`),
          key,
          'application/json',
        ),
    );

  /** Expects that a page, a waiting request and a stream are all answered. */
  async function expectServed(id: string, key: string, cursor: string): Promise<void> {
    expect((await read(id, key)).status).toBe(200);
    expect((await read(id, key, `waitTimeSeconds=1&cursor=${cursor}`)).status).toBe(200);
    const stream = await read(id, key, '', 'text/event-stream');
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('event: caught-up')) {
      const { value, done } = (await reader?.read()) ?? { done: true };
      if (done) throw new Error(`the stream ended: ${text}`);
      text += value;
    }
    await reader?.cancel();
  }

  test('with streamLimit 1, a key with 1,000 waiting requests gets one slot, and another key is served', async () => {
    await service.script('waited', history(3));
    const [attacker, victim] = [await service.key({ streamLimit: 1 }), await service.key()];
    const cursor = await cursorOf('waited', victim);
    const all = waits(1_000, 'waited', attacker, cursor);
    try {
      await eventually(() =>
        expect(all.filter(({ text }) => text.includes('"TooManyStreams"'))).toHaveLength(999),
      );
      expect(all.filter(({ text }) => text !== '' && !/^HTTP\/1.1 429 /.test(text))).toEqual([]);
      expect(await activity('waited')).toMatchObject({ streams: 0, waiting: 1 });
      await expectServed('waited', victim, cursor);
    } finally {
      for (const { socket } of all) socket.destroy();
    }
  });

  test('with streamLimit 1,000, a key cannot take all slots with waiting requests, even if they then disconnect', async () => {
    await service.script('left', history(3));
    const [attacker, victim] = [await service.key({ streamLimit: 1_000 }), await service.key()];
    const cursor = await cursorOf('left', victim);
    const all = waits(1_000, 'left', attacker, cursor);
    // The last 250 of an execution's 1,000 slots are reserved for tenants with few slots.
    await eventually(async () => {
      expect(all.filter(({ text }) => text.includes('"Overloaded"'))).toHaveLength(250);
      expect(await activity('left')).toMatchObject({ waiting: 750 });
    });
    // workerd does not notice these disconnects: the slots stay taken until the requests time out.
    for (const { socket } of all) socket.destroy();
    await expectServed('left', victim, cursor);
  });

  test('totalStreamLimit counts the streams of all executions, and each disconnect frees a slot', async () => {
    const ids = ['total-1', 'total-2', 'total-3'];
    for (const id of ids) await service.script(id, history(3));
    const key = await service.key({ totalStreamLimit: 2 });
    const open = async (id: string) => {
      const request = new RawRequest(service.url, messagesPath(id), key, 'text/event-stream');
      await eventually(() => expect(request.text).toMatch(/event: (caught-up|problem)/));
      return request;
    };
    for (let round = 0; round < 3; round++) {
      const held: RawRequest[] = [];
      for (const id of ids.slice(0, 2)) {
        held.push(
          await eventually(async () => {
            const request = await open(id);
            expect(request.text).toContain('event: caught-up');
            return request;
          }),
        );
      }
      expect((await open('total-3')).text).toContain('"TooManyStreams"');
      for (const { socket } of held) socket.destroy();
    }
  });

  test('with streamLimit 2, 38 of 40 streams of an archived history are refused, and a disconnect frees a slot', async () => {
    const payload = 'x'.repeat(60_000);
    // The history is larger than the buffers of a connection, so that a stream stays open while the client does not
    // read it.
    const lines = Array.from({ length: 400 }, (_, n) =>
      JSON.stringify({
        messageId: `${n}`,
        eventType: n === 399 ? 'EXECUTION_SUCCEEDED' : 'STEP_STARTED',
        timestamp: '2026-01-01T00:00:00Z',
        payload,
      }),
    );
    const imported = await service.admin('executions/archived/messages', {
      method: 'PUT',
      body: `${lines.join('\n')}\n`,
    });
    expect(imported.status).toBe(200);
    const key = await service.key({ streamLimit: 2 });
    const open = () => {
      const request = new RawRequest(service.url, messagesPath('archived'), key, 'text/event-stream');
      // The first bytes might contain only `retry:`, so wait for `data:`.
      request.socket.on('data', () => {
        if (request.text.includes('data:') && !request.text.includes('TooManyStreams'))
          request.socket.pause();
      });
      return request;
    };
    const all = Array.from({ length: 40 }, open);
    const refused = () => all.filter(({ text }) => text.includes('"TooManyStreams"'));
    try {
      await eventually(() => expect(all.filter(({ text }) => text.includes('data:'))).toHaveLength(40));
      expect(refused()).toHaveLength(38);
      for (const request of all) request.socket.destroy();
      await eventually(async () => {
        const again = open();
        all.push(again);
        await once(again.socket, 'data');
        expect(again.text).not.toContain('TooManyStreams');
      });
    } finally {
      for (const { socket } of all) socket.destroy();
    }
  });
});
