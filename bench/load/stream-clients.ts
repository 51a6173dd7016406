/**
 * A separate process that holds many event streams open. The streams are plain sockets. The process searches their
 * bytes for a marker and parses nothing. measure/stream-crowd.ts starts it and defines the messages between the two
 * processes.
 */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { wait } from '../measure/wait.ts';
import type { CrowdAnswer, CrowdRequest, StreamOf } from '../measure/stream-crowd.ts';

/** Streams opened at the same time: enough to keep a server busy, too few to overflow its backlog of connections. */
const CONNECTING_AT_ONCE = 50;
/** A refused stream is retried after this time, as an EventSource does. A call budget can be exhausted for a while. */
const RETRY_MS = 1_000;
const RETRIES_MAX = 30;

const sockets: Socket[] = [];
let onData: (index: number, bytes: Buffer) => void = () => {};

async function open({ host, port, opens, streams }: Extract<CrowdRequest, { do: 'open' }>): Promise<void> {
  const connectOnce = async ({ path, headers }: StreamOf, index: number) => {
    const socket = connect({ host, port });
    sockets[index] = socket;
    await once(socket, 'connect');
    const opened = Promise.withResolvers<void>();
    let text = '';
    socket.on('error', opened.reject);
    socket.on('close', () => opened.reject(new Error(`a stream was closed: ${text}`)));
    const untilOpen = (bytes: Buffer) => {
      text += bytes.toString('latin1');
      if (!text.includes(opens)) return;
      socket.off('data', untilOpen);
      socket.on('data', (later) => onData(index, later));
      opened.resolve();
    };
    socket.on('data', untilOpen);
    const lines = Object.entries({ host: `${host}:${port}`, accept: 'text/event-stream', ...headers });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    socket.write(`GET ${path} HTTP/1.1\r\n${head}\r\n`);
    await opened.promise;
  };
  const one = async (stream: StreamOf, index: number) => {
    for (let retries = 0; ; retries++) {
      try {
        return await connectOnce(stream, index);
      } catch (error) {
        if (retries === RETRIES_MAX) throw error;
        await wait(RETRY_MS);
      }
    }
  };
  for (let from = 0; from < streams.length; from += CONNECTING_AT_ONCE) {
    const some = streams.slice(from, from + CONNECTING_AT_ONCE);
    await Promise.all(some.map((stream, n) => one(stream, from + n)));
  }
}

/** Resolves with the time at which the marker arrived on each stream. */
async function arrivals(marker: string): Promise<number[]> {
  const atMs = new Map<number, number>();
  const all = Promise.withResolvers<void>();
  onData = (index, bytes) => {
    if (atMs.has(index) || !bytes.includes(marker)) return;
    atMs.set(index, performance.timeOrigin + performance.now());
    if (atMs.size === sockets.length) all.resolve();
  };
  answer({ did: 'expect' });
  await all.promise;
  return sockets.map((_, index) => atMs.get(index) ?? NaN);
}

const answer = (message: CrowdAnswer) => process.send?.(message);

async function handle(request: CrowdRequest): Promise<void> {
  try {
    if (request.do === 'open') {
      await open(request);
      answer({ did: 'open' });
    } else answer({ did: 'arrive', atMs: await arrivals(request.marker) });
  } catch (error) {
    answer({ did: 'fail', reason: String(error) });
  }
}

process.on('message', (request: CrowdRequest) => void handle(request));
// The parent stops this process by disconnecting.
process.on('disconnect', () => process.exit(0));
