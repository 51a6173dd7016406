/** Starts a local server with a test's own answers. The server stops at the end of the `await using` block. */
import { once } from 'node:events';
import { type RequestListener, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LocalServer extends AsyncDisposable {
  /** The server's address, without a trailing slash. */
  readonly origin: string;
}

export async function listen(
  listener: RequestListener,
  server: Server = createServer(listener),
  scheme = 'http',
): Promise<LocalServer> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Safety: the server listens on TCP, so its address is an `AddressInfo`.
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
