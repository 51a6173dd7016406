/**
 * The entry on Deno. Reads the settings from the environment, starts the service with an embedded store
 * (deno/server.ts), and shuts it down cleanly on a signal. `deno task start` runs the same service with an
 * emulated upstream beside it (src/local/start-deno.ts).
 */
import { readServerSettings } from './deno/server-settings.ts';
import { serveOnDeno } from './deno/server.ts';
import { internalText } from './core/errors.ts';
import { exceptionText } from './core/exception-text.ts';
import { consoleLog as log } from './core/log.ts';

const settings = readServerSettings(Deno.env.toObject());
const server = settings.ok ? await serveOnDeno(settings.value, log) : settings;
if (!server.ok) {
  log({ event: 'not-started', level: 'error', reason: internalText(server.failure) });
  Deno.exit(1);
}
log({ event: 'listening', url: server.value.url.href });

// An unhandled rejection is a bug, but it must not end a thousand unrelated streams.
addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  log({ event: 'unhandled-rejection', level: 'error', reason: exceptionText(event.reason) });
});

let ending = false;
const end = () => {
  // A second signal exits immediately.
  if (ending) Deno.exit(1);
  ending = true;
  log({ event: 'stopping' });
  void server.value.stop().then(() => Deno.exit(0));
};
// Windows has no SIGTERM.
for (const signal of Deno.build.os === 'windows' ? (['SIGINT'] as const) : (['SIGINT', 'SIGTERM'] as const)) {
  Deno.addSignalListener(signal, end);
}
