/** What both start commands share: they read the options, and print one line if something is wrong. */
import process from 'node:process';
import { Shutdown } from './shutdown.ts';
import { readStartRequest, type StartOptions, USAGE } from './start-options.ts';

/** Resolves when it runs, or has printed why it does not. */
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
