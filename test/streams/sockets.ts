/**
 * Streams over raw connections. The test decides what an HTTP client would hide: whether a connection is
 * closed or reset, and whether it is read.
 */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';

export interface StreamSocket {
  readonly socket: Socket;
  /** Everything received so far. While the test pauses the socket, nothing is received. */
  text(): string;
  /** Resolves when the received text contains `pattern`. */
  saw(pattern: string): Promise<void>;
}

/** Opens a stream on its own connection. Resolves when the request has been sent. */
export async function openSocket(url: string, apiKey: string): Promise<StreamSocket> {
  const { hostname, port, pathname, search, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  // Tests cut these connections and kill the server, so errors are expected.
  socket.on('error', () => undefined);
  let text = '';
  let wanted: { pattern: string; found: () => void }[] = [];
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    wanted = wanted.filter(({ pattern, found }) => {
      if (!text.includes(pattern)) return true;
      found();
      return false;
    });
  });
  await once(socket, 'connect');
  socket.write(
    `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\nX-API-Key: ${apiKey}\r\n\r\n`,
  );
  return {
    socket,
    text: () => text,
    saw: (pattern) =>
      new Promise((found) => {
        if (text.includes(pattern)) found();
        else wanted.push({ pattern, found });
      }),
  };
}
