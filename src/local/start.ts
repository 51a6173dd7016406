/**
 * `npm start` and `npm run dev`: starts the emulator, if it is the upstream, and the Worker in workerd. Once
 * the Worker answers, creates a key and prints how to use it. stdout is for people; the Worker's log goes to
 * stderr, one JSON object per line.
 */
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { bundleWorker, PROJECT_ROOT } from './bundle.ts';
import { checkFree } from './free-port.ts';
import { withKeptSecret } from './kept-secret.ts';
import { createLocalKey } from './local-key.ts';
import { createLocalTickets } from './local-ticket.ts';
import { reloadOnChange } from './reload.ts';
import { runStart } from './run-start.ts';
import type { Shutdown } from './shutdown.ts';
import { startEmulator } from './start-emulator.ts';
import { emulatorVars, type StartOptions } from './start-options.ts';
import { lockState } from './state-lock.ts';
import { stateName } from './state-name.ts';
import { upstreamNotice, welcome } from './welcome.ts';
import { startWorkerd } from './workerd.ts';

/** How long the Worker may take to answer on a busy machine. */
const READY_MS_MAX = 30_000;
const READY_POLL_MS = 50;

await runStart(start);

async function start(options: StartOptions, shutdown: Shutdown): Promise<void> {
  if (options.upstream.type !== 'emulator') console.log(`Upstream: ${upstreamNotice(options)}\n`);
  // If the port is in use, workerd would fail, too, but only after a second, and without naming PORT.
  await checkFree(options.port, 'PORT');
  const state = join(options.stateDir ?? `${PROJECT_ROOT}.wrangler/state`, stateName(options));
  const unlock = lockState(state);
  shutdown.onEnd(() => Promise.resolve(unlock()));
  const emulatorUrl = await startEmulator(options, shutdown);
  const { script } = await bundleWorker();
  const vars = withKeptSecret(options, state);
  const workerd = await startWorkerd({
    vars: {
      ...vars,
      ...(emulatorUrl !== undefined && emulatorVars(emulatorUrl)),
    },
    port: options.port,
    persistTo: state,
    onLog: withoutHealthCheck((line) => process.stderr.write(`${line}\n`)),
    script,
  });
  shutdown.onEnd(() => workerd.stop());
  await untilHealthy(workerd.url);
  const apiKey = await createLocalKey(workerd.store);
  const nowMs = systemClock.now();
  const ticketFor = createLocalTickets({ signingSecret: vars['SIGNING_SECRET'] ?? '', apiKey, nowMs });
  console.log(
    welcome({
      url: workerd.url,
      apiKey,
      options,
      ...(emulatorUrl !== undefined && { emulatorUrl }),
      ticketFor,
      nowMs,
    }),
  );
  if (options.watch) await reloadOnChange(workerd, script, shutdown, (line) => console.log(line));
}

/**
 * Removes the successful health check of `untilHealthy` from the log, so that the log contains only the
 * user's requests. The line of the health check can arrive before or after the welcome text.
 */
function withoutHealthCheck(write: (line: string) => void): (line: string) => void {
  let isExpected = true;
  return (line) => {
    const isOwn = isExpected && /"level":"info".*"route":"health"/.test(line);
    if (isOwn) isExpected = false;
    else write(line);
  };
}

/** Waits until the Worker answers. Throws immediately if the answer is not ok. */
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
