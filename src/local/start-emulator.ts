/** Starts the emulator for a local service, on workerd or Deno, if the options choose it as upstream. */
import { startEmulatorServer } from '../emulator/server/node-server.ts';
import { orInUse } from './free-port.ts';
import type { Shutdown } from './shutdown.ts';
import type { StartOptions } from './start-options.ts';

/** The address of the emulator; undefined if the options choose another upstream. Stops on `shutdown`. */
export async function startEmulator(options: StartOptions, shutdown: Shutdown): Promise<string | undefined> {
  const { upstream, accessKeyId, secretAccessKey } = options;
  if (upstream.type !== 'emulator') return undefined;
  const server = await startEmulatorServer({
    port: upstream.port,
    credentials: { accessKeyId, secretAccessKey },
    scheduled: true,
  }).catch((error: unknown) => {
    throw orInUse(error, upstream.port, 'EMULATOR_PORT');
  });
  shutdown.onEnd(() => server.close());
  return server.url;
}
