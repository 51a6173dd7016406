/**
 * Serves Flowtap in one Deno process: store, sockets, shutdown. The callers, deno.ts and
 * src/local/start-deno.ts, read the settings and decide when to stop.
 *
 * Each store belongs to one process. Only that process calls the upstream for an execution and writes its
 * archive, and when it opens the store, it removes what a killed process left behind. A file lock keeps a
 * second process out. The operating system releases the lock however the process ends.
 */
import { parseTrustedProxies, socketClientAddress } from '../access/client-address.ts';
import { isRevocation } from '../access/keys/key-record.ts';
import { createInProcessRateLimiter } from '../access/limits/in-process-rate-limit.ts';
import { FAILED_AUTHENTICATIONS, RATE_TIERS } from '../access/limits/rate-limit.ts';
import { isClientGone } from '../core/client-gone.ts';
import { systemClock as clock } from '../core/clock.ts';
import { type Platform, createCore, createService } from '../compose.ts';
import type { ServerSettings } from './server-settings.ts';
import { createDurableKeys } from './durable-keys.ts';
import { createReserveFile } from './reserve-file.ts';
import { openSite } from './static-site.ts';
import { ConnectionClosed, closingAfter, watchBody } from './unfinished-body.ts';
import { wrongSettings } from '../config.ts';
import { type Result, ok } from '../core/errors.ts';
import type { Client } from '../executions/executions.ts';
import { createInProcessExecutions } from '../executions/runtimes/in-process.ts';
import { createInProcessLists } from '../lists/runtimes/in-process-lists.ts';
import { forwardedOverTls } from '../http/forwarded-proto.ts';
import { RequestAddresses } from '../http/request-address.ts';
import { answerException } from '../http/routing.ts';
import type { Log } from '../core/log.ts';
import { createCallBudget } from '../sources/call-budget/call-budget.ts';
import { createDenoKvStore } from '../storage/deno-kv.ts';
import type { KeyValueStore } from '../storage/key-value.ts';
import { type SpaceReserve, withReservedSpace } from '../storage/reserved-space.ts';
import manifest from '../../package.json' with { type: 'json' };

/**
 * Connections that are still open after this time are cut, because supervisors kill the process soon after.
 */
export const SHUTDOWN_MS = 10_000;

/**
 * How long after a disconnect the client's signal aborts. Long enough for Deno to cancel the answer's body
 * first, even if a thousand clients leave at the same time.
 */
const LEFT_MS = 500;

export interface DenoServer {
  readonly url: URL;
  readonly store: KeyValueStore;
  /**
   * Ends each stream after a whole frame, so that it can be resumed. Answers waiting requests without further
   * waiting, and closes the store.
   */
  stop(): Promise<void>;
}

/** Resolves when the server listens. The text of a failure is one line that names the wrong setting. */
export async function serveOnDeno(settings: ServerSettings, log: Log): Promise<Result<DenoServer>> {
  const { port, hostname, storePath } = settings;
  const trustedProxies = parseTrustedProxies(settings.trustedProxy);
  if (!trustedProxies) {
    return wrongSettings('TRUSTED_PROXY must be addresses or blocks (10.0.0.0/8), separated by commas');
  }
  const opened = await openStore(storePath);
  if (!opened.ok) return opened;
  const { kv, unlock } = opened.value;
  const addresses = new RequestAddresses();
  const platform = { ...onDeno(await openDenoStore(opened.value, log), log), addresses };
  const core = createCore(settings, platform);
  const durable = createDurableKeys(platform.store, log);
  const live = createInProcessExecutions({ ...core.shared, durable });
  await live.resume();
  const lists = createInProcessLists(core.openList, clock);
  const app = createService(settings, platform, core, { executions: live, lists });
  const site = await openSite(new URL('../../dist/site/', import.meta.url));
  const handler: Deno.ServeHandler<Deno.NetAddr> = async (request, info) => {
    const socketAddress = info.remoteAddr.transport === 'tcp' ? info.remoteAddr.hostname : undefined;
    const runtime = {
      clientAddress: () => socketClientAddress(request.headers, socketAddress, trustedProxies),
      overTls: forwardedOverTls(request.headers, socketAddress, trustedProxies),
      client: new DenoClient(request),
      // Does nothing, because promises in a process continue without being awaited. Failures are logged where
      // they happen.
      waitUntil: () => undefined,
    };
    const address = addresses.of(request);
    const body = request.body === null ? undefined : watchBody(request.body);
    const answer =
      (address && site(request, address)) ??
      (await app.fetch(body ? withBody(request, body.stream) : request, { runtime }));
    return body === undefined || body.isComplete() ? answer : closingAfter(answer, clock);
  };
  const onError = (error: unknown) =>
    // For these two errors, the answer was already sent, so this response reaches nobody. A stream that was
    // cut off has its own line in the log.
    error instanceof ConnectionClosed || isClientGone(error)
      ? new Response(null)
      : answerException(error, log, settings.publicUrl);
  const listening = listen({ port, hostname, onError }, handler);
  if (!listening.ok) {
    live.close();
    lists.close();
    kv.close();
    unlock();
    return listening;
  }
  const server = listening.value;
  const ending = new AbortController();
  const building = core.indexBuild.run(ending.signal);
  return ok({
    url: urlOf(server.addr),
    store: platform.store,
    async stop() {
      live.close();
      ending.abort();
      lists.close();
      const cut = new AbortController();
      await Promise.race([server.shutdown(), clock.sleep(SHUTDOWN_MS, cut.signal)]);
      cut.abort();
      await building;
      kv.close();
      unlock();
    },
  });
}

/**
 * Returns the request with another body. Keeps the request's own method, because `init` would not accept
 * TRACE and some others.
 */
function withBody(request: Request, body: ReadableStream<Uint8Array>): Request {
  const init: RequestInit = { body };
  return new Request(request, init);
}

/**
 * A client whose signal aborts a little later than its request's signal. When a client disconnects, Deno
 * aborts the request's signal, and then cancels the answer's body. If the body fails between these two steps,
 * Deno prints the error with its stack, once for each client.
 */
class DenoClient implements Client {
  readonly #request: Request;
  #signal: AbortSignal | undefined;

  constructor(request: Request) {
    this.#request = request;
  }

  get signal(): AbortSignal {
    if (this.#signal) return this.#signal;
    const left = new AbortController();
    const { signal } = this.#request;
    const abortLater = () => setTimeout(() => left.abort(), LEFT_MS);
    if (signal.aborted) abortLater();
    else signal.addEventListener('abort', abortLater, { once: true });
    return (this.#signal = left.signal);
  }
}

const onDeno = (store: KeyValueStore, log: Log): Platform => ({
  store,
  clock,
  random: Math.random,
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  log,
  version: manifest.version,
  pagesAs: 'text',
  fetch,
  callBudget: (_name, limits) => createCallBudget({ clock, ...limits }),
  tiers: {
    standard: createInProcessRateLimiter(RATE_TIERS.standard, clock),
    high: createInProcessRateLimiter(RATE_TIERS.high, clock),
  },
  failedAuthentications: createInProcessRateLimiter(FAILED_AUTHENTICATIONS, clock),
});

/**
 * Opens the store, which deletes what a killed process has left behind. The disk space is reserved again only
 * after the deletion.
 */
async function openDenoStore({ kv, reserve }: OpenStore, log: Log): Promise<KeyValueStore> {
  const store = await createDenoKvStore(kv, clock);
  if (!reserve) return store;
  if (!(await reserve.restore()))
    log({
      event: 'store-reserve-incomplete',
      level: 'warn',
      reason: 'the disk of STORE_PATH is nearly full',
    });
  return withReservedSpace({ store, reserve, isUrgent: isRevocation, log });
}

interface OpenStore {
  readonly kv: Deno.Kv;
  /** Absent if the store is in memory. */
  readonly reserve?: SpaceReserve;
  readonly unlock: () => void;
}

async function openStore(path: string): Promise<Result<OpenStore>> {
  if (path === ':memory:') return ok({ kv: await Deno.openKv(path), unlock: () => undefined });
  let lock: Deno.FsFile | undefined;
  try {
    lock = await Deno.open(`${path}.lock`, { create: true, write: true });
    if (await lock.tryLock(true)) {
      const reserve = createReserveFile(`${path}.reserve`);
      await reserve.release();
      const kv = await Deno.openKv(path);
      return ok({ kv, unlock: () => lock?.close(), reserve });
    }
    lock.close();
    return wrongSettings(`STORE_PATH ${path} is in use by another process`);
  } catch (error) {
    lock?.close();
    return wrongSettings(`STORE_PATH ${path} can't be opened: ${reasonOf(error)}`);
  }
}

function listen(
  options: Pick<Deno.ServeTcpOptions, 'port' | 'onError'> & { readonly hostname: string },
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Result<Deno.HttpServer<Deno.NetAddr>> {
  try {
    return ok(Deno.serve({ ...options, onListen: () => undefined }, handler));
  } catch (error) {
    const inUse = error instanceof Deno.errors.AddrInUse;
    return inUse
      ? wrongSettings(`PORT ${options.port} is in use`)
      : wrongSettings(
          `HOST ${options.hostname}, PORT ${options.port}: can't listen there: ${reasonOf(error)}`,
        );
  }
}

/** The first line of an error's text, without the stack. */
const reasonOf = (error: unknown): string => String(error).split('\n')[0] ?? '';

function urlOf({ hostname, port }: Deno.NetAddr): URL {
  return new URL(`http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}/`);
}
