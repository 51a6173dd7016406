/**
 * The entry on Deno: the environment to settings and ports, one process with an embedded store. `deno task start` runs it with
 * the emulator beside it (src/local/start-deno.ts). Platform file.
 */
import { parseTrustedProxies, socketClientAddress } from './access/client-address.ts';
import { createInProcessRateLimiter } from './access/in-process-rate-limit.ts';
import { FAILED_AUTHENTICATIONS, RATE_TIERS } from './access/rate-limit.ts';
import { systemClock as clock } from './clock.ts';
import { createCore, createService } from './compose.ts';
import { readServerSettings } from './config.ts';
import { internalText } from './errors.ts';
import { createInProcessExecutions } from './executions/in-process.ts';
import { consoleLog as log } from './log.ts';
import { createDenoKvStore } from './storage/deno-kv.ts';

/** Streams that don't end by themselves within this are cut: supervisors kill soon after. */
const SHUTDOWN_MS = 10_000;

const settings = readServerSettings(Deno.env.toObject());
if (!settings.ok) {
  log({ event: 'not-configured', level: 'error', reason: internalText(settings.failure) });
  Deno.exit(1);
}
const { port, hostname, storePath, trustedProxy } = settings.value;
const trustedProxies = parseTrustedProxies(trustedProxy);
if (!trustedProxies) {
  log({
    event: 'not-configured',
    level: 'error',
    reason: 'settings: TRUSTED_PROXY must be addresses or blocks (10.0.0.0/8), separated by commas',
  });
  Deno.exit(1);
}
const kv = await Deno.openKv(storePath);
const platform = {
  store: await createDenoKvStore(kv, clock),
  clock,
  random: Math.random,
  randomBytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
  log,
  fetch,
  tiers: {
    standard: createInProcessRateLimiter(RATE_TIERS.standard, clock),
    high: createInProcessRateLimiter(RATE_TIERS.high, clock),
  },
  failedAuthentications: createInProcessRateLimiter(FAILED_AUTHENTICATIONS, clock),
};
const core = createCore(settings.value, platform);
const live = createInProcessExecutions(core.shared);
const app = createService(settings.value, platform, core, live);

const server = Deno.serve(
  { port, hostname, onListen: ({ port }) => log({ event: 'listening', port }) },
  (request, info) => {
    const socketAddress = info.remoteAddr.transport === 'tcp' ? info.remoteAddr.hostname : undefined;
    const clientAddress = socketClientAddress(request.headers, socketAddress, trustedProxies);
    // A promise that nobody awaits lives on in a process; its failures are logged where they happen.
    return app.fetch(request, { runtime: { clientAddress, waitUntil: () => undefined } });
  },
);

/** Streams end at a frame's end, to be resumed elsewhere; then the store is closed. */
async function stop(): Promise<void> {
  live.close();
  await Promise.race([server.shutdown(), clock.sleep(SHUTDOWN_MS)]);
  kv.close();
  Deno.exit(0);
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) Deno.addSignalListener(signal, () => void stop());
