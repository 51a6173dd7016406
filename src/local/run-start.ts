/**
 * The part that both start commands share: it reads the options, and prints one line if something is wrong.
 */
import process from 'node:process';
import { Shutdown } from './shutdown.ts';
import { readStartRequest, type StartOptions, USAGE } from './start-options.ts';

/** Resolves when Flowtap is running, or after printing why it cannot start. */
export async function runStart(
  start: (options: StartOptions, shutdown: Shutdown) => Promise<void>,
): Promise<void> {
  const request = readStartRequest(process.argv.slice(2), process.env);
  switch (request.type) {
    case 'help':
      console.log(USAGE);
      break;
    case 'mistake':
      console.error(request.line);
      process.exitCode = request.status;
      break;
    case 'start': {
      const shutdown = new Shutdown();
      try {
        await start(request.options, shutdown);
      } catch (error) {
        console.error(error instanceof Error ? error.message : String(error));
        await shutdown.end(1);
      }
    }
  }
}
