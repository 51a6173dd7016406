/**
 * How long after a message appeared upstream its subscribers have it. The emulator shows a message from its timestamp on, on
 * this machine's clock; a subscriber notes when its bytes came. So a number holds the wait for the poll, the poll, the
 * fan-out and the socket.
 */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';

import type { ScriptedMessage, World } from '../test/support/on-workerd.ts';

export interface LatencyResult {
  readonly name: string;
  readonly subscribers: number;
  readonly messages: number;
  /** Milliseconds, ascending: one for each message and subscriber. */
  readonly latenciesMs: readonly number[];
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Messages 0.4 to 3.2 s apart, as the steps of a running flow. */
export async function whileMessagesArrive(service: World, subscribers: number): Promise<LatencyResult> {
  const count = 25;
  // The execution is already busy by then, so that no measured message follows a silence.
  let afterMs = 12_000;
  const before = Array.from({ length: 12 }, (_, n) => ({
    ...scripted(n, n * 1_000),
    messageId: `before-${n}`,
  }));
  const messages = Array.from({ length: count }, (_, n) => {
    afterMs += 400 + ((n * 1_237) % 2_800);
    return scripted(n, afterMs);
  });
  const run = new Run(service, `arriving-${subscribers}`);
  await run.open(messages, subscribers, before);
  return run.finish('while messages arrive', afterMs);
}

/** One message after 40 s and more of silence, when the interval is as long as it gets; at another moment for each execution. */
export async function afterIdling(service: World, subscribers: number): Promise<LatencyResult> {
  const runs = await Promise.all(
    Array.from({ length: 6 }, async (_, n) => {
      const run = new Run(service, `idling-${subscribers}-${n}`);
      await run.open([scripted(0, 50_000 + n * 2_700)], subscribers);
      return run.finish('after idling', 50_000 + n * 2_700);
    }),
  );
  return {
    name: 'after 40 s and more of silence',
    subscribers,
    messages: runs.length,
    latenciesMs: runs.flatMap(({ latenciesMs }) => latenciesMs).sort((a, b) => a - b),
  };
}

const scripted = (n: number, afterMs: number): ScriptedMessage => ({
  messageId: `bench-${n}`,
  eventType: 'STEP_STARTED',
  payload: 'x'.repeat(300),
  afterMs,
});

class Run {
  readonly #service: World;
  readonly #id: string;
  readonly #sockets: Socket[] = [];
  readonly #latenciesMs: number[] = [];
  #count = 0;
  #subscribers = 0;

  constructor(service: World, id: string) {
    this.#service = service;
    this.#id = id;
  }

  async open(
    messages: readonly ScriptedMessage[],
    subscribers: number,
    before: readonly ScriptedMessage[] = [],
  ): Promise<void> {
    this.#count = messages.length;
    this.#subscribers = subscribers;
    await this.#service.script(this.#id, [...before, ...messages], { afterMs: -60_000 });
    // Ten streams each: a single tenant cannot fill an execution.
    const keys = await Promise.all(
      Array.from({ length: Math.ceil(subscribers / 10) }, () => this.#service.key()),
    );
    const url = new URL(this.#service.messagesUrl(this.#id));
    for (let n = 0; n < subscribers; n += 50) {
      await Promise.all(
        Array.from({ length: Math.min(50, subscribers - n) }, (_, index) =>
          this.#subscribe(url, keys[(n + index) % keys.length] ?? ''),
        ),
      );
    }
  }

  async finish(name: string, lastAfterMs: number): Promise<LatencyResult> {
    const deadline = Date.now() + lastAfterMs + 20_000;
    const expected = this.#count * this.#subscribers;
    while (this.#latenciesMs.length < expected && Date.now() < deadline) await wait(100);
    for (const socket of this.#sockets) socket.destroy();
    if (this.#latenciesMs.length !== expected) {
      throw new Error(`${name}: ${expected} messages were to arrive, ${this.#latenciesMs.length} did`);
    }
    const latenciesMs = this.#latenciesMs.sort((a, b) => a - b);
    return { name, subscribers: this.#subscribers, messages: this.#count, latenciesMs };
  }

  async #subscribe(url: URL, key: string): Promise<void> {
    const socket = connect({ host: url.hostname, port: Number(url.port) });
    this.#sockets.push(socket);
    await once(socket, 'connect');
    const caughtUp = new Promise<void>((resolve) => {
      let rest = '';
      socket.on('data', (bytes) => {
        const nowMs = Date.now();
        const frames = (rest + bytes.toString('latin1')).split('\n\n');
        rest = frames.pop() ?? '';
        for (const frame of frames) {
          if (frame.includes('event: caught-up')) resolve();
          const timestamp = /"messageId":"bench-.*"timestamp":"([^"]+)"/.exec(frame)?.[1];
          if (timestamp !== undefined) this.#latenciesMs.push(nowMs - Date.parse(timestamp));
        }
      });
    });
    socket.write(
      `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nAccept: text/event-stream\r\nX-API-Key: ${key}\r\n\r\n`,
    );
    await caughtUp;
  }
}
