/**
 * The real thing on this machine: the Worker as it would be deployed, in workerd, with key-value storage, Durable Objects
 * and rate limits that behave as Cloudflare's do, as far as miniflare knows. `npm start`, the tests over a real socket and
 * the benchmarks run on it. Loopback only, no inspector, no call home.
 *
 * Requests come straight to workerd's socket, not through miniflare's entry Worker: that one answers some requests by
 * itself, shows stacks, and takes half of the time of a small request. Therefore no `CF-Connecting-IP` unless the caller
 * sets it, no `request.cf`, and no compression.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, MiniflareCoreError } from 'miniflare';
import { bundleWorker } from './bundle.ts';
import { dieWithParent } from './die-with-parent.ts';
import { workerOptions } from './worker-options.ts';

export interface WorkerdOptions {
  /** The Worker's settings and secrets, over what `[vars]` of wrangler.toml says. */
  readonly vars: Readonly<Record<string, string>>;
  /** 0, the default: any free port. */
  readonly port?: number;
  /** The directory that state is kept in. Default: one of its own, gone after `stop()`. */
  readonly persistTo?: string;
  /** Each line that the Worker logs, and what workerd says of its own crashes. Default: nobody reads them. */
  readonly onLog?: (line: string) => void;
  /** The Worker as one ES module. Default: src/, bundled once for this process. */
  readonly script?: string;
  /** False: without static files, and so without the router that miniflare puts in front of the Worker to serve them. */
  readonly assets?: false;
}

/**
 * V8 starts with heaps that suit this machine, not an isolate of 128 MB, and gives back what streams and requests held
 * natively only when such a heap is full: 10,000 connections later workerd holds twice what it needs. Small first heaps
 * cost no throughput that bench/ shows. Who sets the variable, as miniflare lets them, decides.
 */
process.env['MINIFLARE_WORKERD_V8_FLAGS'] ??= '--initial-old-space-size=8 --max-semi-space-size=4';

export type LocalKv = Awaited<ReturnType<Miniflare['getKVNamespace']>>;

let bundled: Promise<string> | undefined;

/** Starts workerd, and resolves when it listens. */
export async function startWorkerd(options: WorkerdOptions): Promise<LocalWorkerd> {
  const ownState = options.persistTo === undefined ? await mkdtemp(join(tmpdir(), 'flowtap-')) : undefined;
  const workerd = new LocalWorkerd(options, options.persistTo ?? ownState ?? '', ownState);
  try {
    await workerd.start();
    return workerd;
  } catch (error) {
    await workerd.stop();
    if (error instanceof MiniflareCoreError && error.code === 'ERR_ADDRESS_IN_USE') {
      throw new Error(`Cannot listen on 127.0.0.1:${options.port}: it is in use`, { cause: error });
    }
    throw error;
  }
}

/** One Worker on one port, with one directory of state, through any number of deaths. */
export class LocalWorkerd {
  readonly #options: WorkerdOptions;
  readonly #persistTo: string;
  readonly #ownState: string | undefined;
  #script: string | undefined;
  #miniflare: Miniflare | undefined;
  #process: ChildProcess | undefined;
  #store: LocalKv | undefined;
  #url: URL | undefined;

  constructor(options: WorkerdOptions, persistTo: string, ownState: string | undefined) {
    this.#options = options;
    this.#script = options.script;
    this.#persistTo = persistTo;
    this.#ownState = ownState;
  }

  /** `http://127.0.0.1:port/`. The port stays the same after `restart()`. */
  get url(): URL {
    if (this.#url === undefined) throw new Error('Cannot tell the address: workerd has not started');
    return this.#url;
  }

  /** The key-value namespace STORE that the Worker reads, from here. Ask for it again after `restart()`. */
  get store(): LocalKv {
    if (this.#store === undefined) throw new Error('Cannot reach the store: workerd is not running');
    return this.#store;
  }

  /** The process id of workerd; undefined while it does not run. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** For startWorkerd and restart only. */
  async start(): Promise<void> {
    const [script, fromToml] = await Promise.all([
      this.#script ?? (bundled ??= bundleWorker().then((bundle) => bundle.script)),
      workerOptions(),
    ]);
    this.#script = script;
    const miniflare = withoutSignalHandlers(() =>
      processOwner.run(
        (child) => this.#adopt(child),
        () => new Miniflare(this.#miniflareOptions(script, fromToml)),
      ),
    );
    this.#miniflare = miniflare;
    await miniflare.ready;
    this.#url = await miniflare.unsafeGetDirectURL();
    this.#store = await miniflare.getKVNamespace('STORE');
  }

  /** Ends workerd with SIGKILL, as a crash would: no handler runs, sockets break. Its state stays for `restart()`. */
  async kill(): Promise<void> {
    const [miniflare, child] = [this.#miniflare, this.#process];
    this.#miniflare = undefined;
    this.#store = undefined;
    if (miniflare === undefined) return;
    const running = child !== undefined && child.exitCode === null && child.signalCode === null;
    const exited = running ? once(child, 'exit') : undefined;
    child?.kill('SIGKILL');
    // In the same turn as the kill, else miniflare takes it for a crash and starts another workerd.
    // It rejects with what `start()` has already thrown.
    await miniflare.dispose().catch(() => {});
    await exited;
  }

  /** Starts again on the same port and state, after `kill()` or instead of it; with another script if one is given. */
  async restart(script?: string): Promise<void> {
    await this.kill();
    this.#script = script ?? this.#script;
    await this.start();
  }

  /** Ends it for good, and removes the state unless `persistTo` named it. */
  async stop(): Promise<void> {
    await this.kill();
    if (this.#ownState !== undefined) await rm(this.#ownState, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #miniflareOptions(script: string, fromToml: Awaited<ReturnType<typeof workerOptions>>) {
    const { assets, ...withoutAssets } = fromToml;
    const log = this.#options.onLog ?? (() => {});
    return convertV4MiniflareOptions({
      ...withoutAssets,
      ...(assets && this.#options.assets !== false && { assets }),
      modules: [{ type: 'ESModule', path: 'worker.js', contents: script }],
      bindings: { ...fromToml.bindings, ...this.#options.vars },
      resourcePersistencePath: this.#persistTo,
      // miniflare's own way in, for `store`.
      host: '127.0.0.1',
      port: 0,
      unsafeDirectSockets: [{ host: '127.0.0.1', port: Number(this.#url?.port ?? this.#options.port ?? 0) }],
      // Else it asks the network where this machine is.
      cf: false,
      logRequests: false,
      log: new LineLog(log),
      handleStructuredLogs: ({ message }) => log(message),
    });
  }

  /** Every workerd that miniflare starts for us, after a crash too. */
  #adopt(child: ChildProcess): void {
    this.#process = child;
    if (child.pid === undefined) return;
    const release = dieWithParent(child.pid);
    child.once('exit', () => {
      release();
      if (this.#process === child) this.#process = undefined;
    });
  }
}

/** What miniflare itself has to say (a crash of workerd), without colours. */
class LineLog extends Log {
  readonly #write: (line: string) => void;
  constructor(write: (line: string) => void) {
    super(LogLevel.WARN);
    this.#write = write;
  }
  protected override log(message: string): void {
    // eslint-disable-next-line no-control-regex
    this.#write(message.replaceAll(/\u001b\[[0-9;]*m/g, ''));
  }
}

/**
 * On a signal miniflare ends the process at once, which prevents an orderly shutdown, so its signal handlers are removed. Its exit
 * handlers stay. die-with-parent.ts covers exits without handlers.
 */
function withoutSignalHandlers<T>(create: () => T): T {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const before = signals.map((signal) => process.listeners(signal));
  const created = create();
  for (const [index, signal] of signals.entries()) {
    for (const listener of process.listeners(signal)) {
      if (!before[index]?.includes(listener)) process.off(signal, listener);
    }
  }
  return created;
}

/**
 * miniflare does not expose the process that it starts. Node does: it announces each new child on a channel, in the asynchronous
 * context of the caller.
 */
const processOwner = new AsyncLocalStorage<(child: ChildProcess) => void>();
subscribe('child_process', (message) => {
  const adopt = processOwner.getStore();
  if (adopt === undefined) return;
  // Safety: the shape is Node's own (`diagnostics_channel`, built-in channels, `child_process`).
  const child = (message as { process: ChildProcess }).process;
  child.once('spawn', () => {
    if (child.spawnargs[1] === 'serve') processOwner.exit(() => adopt(child));
  });
});
