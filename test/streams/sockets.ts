/**
 * Many raw connections, each a stream: what an HTTP client would hide (FIN or RST, reading or not) is the
 * test's to choose.
 */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';

export interface StreamSocket {
  readonly socket: Socket;
  /** Everything received, unless the test chose to read nothing. */
  text(): string;
  /** Resolves when `pattern` was received. */
  saw(pattern: string): Promise<void>;
}

/** Opens a stream on a connection of its own; resolves when it is connected and the request is sent. */
export async function openSocket(url: string, apiKey: string): Promise<StreamSocket> {
  const { hostname, port, pathname, search, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  // Cuts and kills are what these tests are about.
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
