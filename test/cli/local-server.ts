/** A server on this machine that answers as a test wants, until the end of a block. */
import { once } from 'node:events';
import { type RequestListener, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LocalServer extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly origin: string;
}

export async function listen(
  listener: RequestListener,
  server: Server = createServer(listener),
  scheme = 'http',
): Promise<LocalServer> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Safety: it listens on a host and a port.
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${scheme}://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
