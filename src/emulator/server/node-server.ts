/**
 * The emulator as a server on Node. It translates between node:http and fetch. It also resets sockets and
 * truncates answers, which a fetch handler cannot do. It listens on loopback only, because its control API
 * needs no key.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { systemClock, type Clock } from '../../core/clock.ts';
import { isReset } from '../broken-answers.ts';
import { createEmulator, type Emulator, type EmulatorOptions } from './emulator.ts';

/**
 * Long enough that the server does not close a connection just when a client reuses it. That would be an
 * unintended fault.
 */
const KEEP_ALIVE_MS = 10 * 60_000;

export interface EmulatorServerOptions extends Omit<EmulatorOptions, 'clock'> {
  /** The port to listen on. 0 selects any free port. */
  readonly port: number;
  /** A loopback address. Default: 127.0.0.1. */
  readonly host?: string;
  /** Default: the system's clock. */
  readonly clock?: Clock;
}

export interface EmulatorServer {
  readonly url: string;
  readonly emulator: Emulator;
  /** Ends stalled calls, closes all connections and frees the port. */
  close(): Promise<void>;
}

/** Starts the server. If it cannot listen on the port, rejects with an error that has Node's `code`. */
export async function startEmulatorServer(options: EmulatorServerOptions): Promise<EmulatorServer> {
  const { port, clock = systemClock } = options;
  const host = options.host === undefined || options.host === 'localhost' ? '127.0.0.1' : options.host;
  if (!/^127(\.\d{1,3}){3}$|^::1$/.test(host)) {
    throw new Error(`The emulator listens on loopback only: host must be 127.0.0.1 or ::1, it is ${host}`);
  }
  const emulator = createEmulator({ ...options, clock });
  const open = new Set<AbortController>();
  const server = createServer((incoming, outgoing) => void exchange(emulator, incoming, outgoing, open));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await listen(server, port, host);
  // Safety: a server that listens on a host and a port has an address of this shape.
  const address = server.address() as AddressInfo;

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    emulator,
    close: async () => {
      for (const left of open) left.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'the port is in use' : cause.message;
      const error = new Error(`Cannot start the emulator on ${host}:${port}: ${why}`, { cause });
      reject(Object.assign(error, { code: cause.code }));
    });
    server.listen(port, host, resolve);
  });
}

/** Answers one request. Never rejects, because an error must end only this connection. */
async function exchange(
  emulator: Emulator,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  open: Set<AbortController>,
): Promise<void> {
  const left = new AbortController();
  open.add(left);
  outgoing.on('close', () => {
    open.delete(left);
    if (!outgoing.writableFinished) left.abort();
  });
  try {
    const request = requestOf(incoming, left.signal);
    if (request === undefined) {
      outgoing.writeHead(400).end();
      return;
    }
    const response = await emulator.fetch(request);
    if (isReset(response)) incoming.socket.resetAndDestroy();
    else await send(response, outgoing);
  } catch (error) {
    // The caller left while sending, the answer is truncated on purpose, or the emulator has a bug.
    if (!outgoing.headersSent) outgoing.writeHead(500).end(`The emulator failed: ${String(error)}\n`);
    else incoming.socket.destroySoon();
  }
}

/** Converts a request. Undefined if fetch cannot express it: TRACE, or a target that is not a URL. */
function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request | undefined {
  const { method = '', url: target = '' } = incoming;
  const url = target.startsWith('/') ? `http://emulator${target}` : target;
  if (!URL.canParse(url) || method === 'TRACE') return undefined;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(incoming.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers, signal });
  // Safety: Node's `fetch` accepts Node's ReadableStream. Only the two type declarations differ.
  const body = Readable.toWeb(incoming) as unknown as ReadableStream<Uint8Array>;
  // `duplex` is required for a stream body, but TypeScript's RequestInit does not have it.
  const init: RequestInit & { duplex: 'half' } = { method, headers, signal, body, duplex: 'half' };
  return new Request(url, init);
}

/** Writes an answer. If its body fails, writes everything before the failure, then rejects. */
async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  const reader = response.body?.getReader();
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    if (done || outgoing.destroyed) break;
    if (!outgoing.write(value)) {
      await new Promise<void>((resolve) => {
        outgoing.once('drain', resolve);
        outgoing.once('close', resolve);
      });
    }
  }
  outgoing.end();
}
