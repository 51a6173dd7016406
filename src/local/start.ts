/**
 * `npm start` and `npm run dev`: an upstream, the Worker in workerd, a key, and what to do with them. Prints when it really
 * answers. stdout is for people; the Worker's log goes to stderr, one JSON object a line.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { startEmulatorServer } from '../emulator/node-server.ts';
import { bundleWorker, PROJECT_ROOT } from './bundle.ts';
import { withKeptSecret } from './kept-secret.ts';
import { createLocalKey } from './local-key.ts';
import { reloadOnChange } from './reload.ts';
import { runStart } from './run-start.ts';
import type { Shutdown } from './shutdown.ts';
import { emulatorVars, type StartOptions } from './start-options.ts';
import { lockState } from './state-lock.ts';
import { stateName } from './state-name.ts';
import { upstreamNotice, welcome } from './welcome.ts';
import { startWorkerd } from './workerd.ts';

/** How long the Worker may take to answer at all, on a machine that is busy. */
const READY_MS_MAX = 30_000;
const READY_POLL_MS = 50;

await runStart(start);

async function start(options: StartOptions, shutdown: Shutdown): Promise<void> {
  if (options.upstream.type !== 'emulator') console.log(`Upstream: ${upstreamNotice(options)}\n`);
  await checkFree(options.port);
  const state = join(options.stateDir ?? `${PROJECT_ROOT}.wrangler/state`, stateName(options));
  const unlock = lockState(state);
  shutdown.onEnd(() => Promise.resolve(unlock()));
  const emulatorUrl = await startEmulator(options, shutdown);
  const { script } = await bundleWorker();
  const workerd = await startWorkerd({
    vars: {
      ...withKeptSecret(options, state),
      ...(emulatorUrl !== undefined && emulatorVars(emulatorUrl)),
    },
    port: options.port,
    persistTo: state,
    onLog: withoutOwnQuestion((line) => process.stderr.write(`${line}\n`)),
    script,
  });
  shutdown.onEnd(() => workerd.stop());
  await untilHealthy(workerd.url);
  const apiKey = await createLocalKey(workerd.store);
  const nowMs = systemClock.now();
  console.log(
    welcome({ url: workerd.url, apiKey, options, ...(emulatorUrl !== undefined && { emulatorUrl }), nowMs }),
  );
  if (options.watch) await reloadOnChange(workerd, script, shutdown, (line) => console.log(line));
}

/** Its address; undefined when another upstream was asked for. */
async function startEmulator(options: StartOptions, shutdown: Shutdown): Promise<string | undefined> {
  const { upstream, accessKeyId, secretAccessKey } = options;
  if (upstream.type !== 'emulator') return undefined;
  const server = await startEmulatorServer({
    port: upstream.port,
    credentials: { accessKeyId, secretAccessKey },
  }).catch((error: unknown) => {
    throw isInUse(error) ? new Error(portInUse(upstream.port, 'EMULATOR_PORT')) : error;
  });
  shutdown.onEnd(() => server.close());
  return server.url;
}

/** workerd would find out too, but only after a second, and it knows nothing of PORT. */
async function checkFree(port: number): Promise<void> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    throw isInUse(error) ? new Error(portInUse(port, 'PORT')) : error;
  } finally {
    server.close();
  }
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function portInUse(port: number, name: string): string {
  return `Cannot start: port ${port} is in use; choose another with ${name}=…`;
}

/**
 * The log but for untilHealthy's one question that is answered well: the first line that somebody sees should not be about
 * a request that they never made. It is written when it is, before the welcome or behind it.
 */
function withoutOwnQuestion(write: (line: string) => void): (line: string) => void {
  let isToCome = true;
  return (line) => {
    const isOwn = isToCome && /"level":"info".*"route":"health"/.test(line);
    if (isOwn) isToCome = false;
    else write(line);
  };
}

/** Not listening yet is worth waiting for; an answer that says it is not well is not. */
async function untilHealthy(url: URL): Promise<void> {
  const deadline = systemClock.now() + READY_MS_MAX;
  for (;;) {
    const answer = await fetch(new URL('/healthz', url), { signal: AbortSignal.timeout(READY_MS_MAX) }).catch(
      () => undefined,
    );
    await answer?.body?.cancel();
    if (answer?.ok) return;
    if (answer !== undefined)
      throw new Error(`Cannot start: /healthz answers ${answer.status}; the log above says why`);
    if (systemClock.now() > deadline)
      throw new Error(`Cannot start: nothing answers at ${url.origin} after ${READY_MS_MAX / 1000} s`);
    await systemClock.sleep(READY_POLL_MS);
  }
}
