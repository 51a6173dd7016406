/** A proxy that simulates a failing network. It forwards bytes to a port, and cuts each connection after a while. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

export interface CuttingProxy {
  readonly url: string;
  readonly cuts: number;
  /** Stops cutting connections. */
  calm(): void;
  close(): Promise<void>;
}

/** Opens a proxy for the target. `lifeMs` returns the lifetime of the next connection. */
export async function openCuttingProxy(target: URL, lifeMs: () => number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let isCalm = false;
  let cuts = 0;
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    // Uses real time, because sockets do. No assertion depends on when a connection is cut.
    const timer = setTimeout(() => {
      if (isCalm) return;
      cuts++;
      // Ends connections alternately with FIN and with RST.
      if (cuts % 2 === 0) near.destroy();
      else near.resetAndDestroy();
      far.destroy();
    }, lifeMs());
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.once('close', () => {
        sockets.delete(from);
        clearTimeout(timer);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Safety: the server listens on TCP, so its address is an `AddressInfo`.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get cuts() {
      return cuts;
    },
    calm: () => {
      isCalm = true;
    },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
