/**
 * Checks, before anything starts, that a port is free. If it is in use, the error names the setting that
 * chooses another port.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Rejects if another process listens on the port. `setting`: the environment variable that chooses the port.
 */
export async function checkFree(port: number, setting: string): Promise<void> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    throw orInUse(error, port, setting);
  } finally {
    server.close();
  }
}

/** Returns the error to throw: `error` itself, or a clearer one if `error` means that the port is in use. */
export function orInUse(error: unknown, port: number, setting: string): unknown {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    ? new Error(`Cannot start: port ${port} is in use; choose another with ${setting}=…`)
    : error;
}
