/**
 * `deno task start` and `npm run start:deno`: like `npm start` (start.ts), with the service in this process
 * instead of the Worker in workerd. Flags, environment, output and shutdown are the same.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cannotStart } from '../config.ts';
import { systemClock } from '../core/clock.ts';
import { readServerSettings } from '../deno/server-settings.ts';
import { serveOnDeno } from '../deno/server.ts';
import { internalText } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { checkFree } from './free-port.ts';
import { withKeptSecret } from './kept-secret.ts';
import { createKeyIn } from './key-in-store.ts';
import { createLocalTickets } from './local-ticket.ts';
import { runStart } from './run-start.ts';
import type { Shutdown } from './shutdown.ts';
import { startEmulator } from './start-emulator.ts';
import { emulatorVars, type StartOptions } from './start-options.ts';
import { stateName } from './state-name.ts';
import { upstreamNotice, welcome } from './welcome.ts';

const STATE_DIR = fileURLToPath(new URL('../../.wrangler/state-deno', import.meta.url));

/** stdout is for people. The service's log goes to stderr, as one JSON object per line. */
const log: Log = (record) =>
  console.error(JSON.stringify({ time: new Date().toISOString(), level: 'info', ...record }));

await runStart(start);

async function start(options: StartOptions, shutdown: Shutdown): Promise<void> {
  if (options.watch) throw new Error('Cannot start: --watch needs npm run dev; on Deno, give it to deno run');
  if (options.upstream.type !== 'emulator') console.log(`Upstream: ${upstreamNotice(options)}\n`);
  await checkFree(options.port, 'PORT');
  const emulatorUrl = await startEmulator(options, shutdown);
  const directory = join(options.stateDir ?? STATE_DIR, stateName(options));
  const vars = withKeptSecret(options, directory);
  const settings = readServerSettings({
    ...vars,
    ...(emulatorUrl !== undefined && emulatorVars(emulatorUrl)),
    PORT: String(options.port),
    STORE_PATH: join(directory, 'flowtap.sqlite3'),
  });
  const server = settings.ok ? await serveOnDeno(settings.value, log) : settings;
  if (!server.ok) throw new Error(cannotStart(internalText(server.failure) ?? server.failure.type));
  const { url, store, stop } = server.value;
  shutdown.onEnd(stop);
  const apiKey = await createKeyIn(store, { name: 'deno task start' });
  const nowMs = systemClock.now();
  const ticketFor = createLocalTickets({ signingSecret: vars['SIGNING_SECRET'] ?? '', apiKey, nowMs });
  console.log(
    welcome({ url, apiKey, options, ...(emulatorUrl !== undefined && { emulatorUrl }), ticketFor, nowMs }),
  );
}
