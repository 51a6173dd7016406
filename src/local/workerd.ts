/**
 * Runs the Worker as it would be deployed, in workerd, with miniflare's key-value storage, Durable Objects
 * and rate limits. `npm start`, the tests over sockets and the benchmarks use this file. workerd listens on
 * loopback only, without an inspector or telemetry.
 *
 * Requests go directly to workerd's socket. miniflare's entry Worker would answer some of them itself, show
 * stacks, and take half of the time of a small request. Without it, requests have no `request.cf`, no
 * compression, and no `CF-Connecting-IP` unless the caller sends one.
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
  /** The Worker's settings and secrets. They override `[vars]` of wrangler.toml. */
  readonly vars: Readonly<Record<string, string>>;
  /** 0, the default, chooses any free port. */
  readonly port?: number;
  /** The directory for state. Default: a temporary one, which `stop()` removes. */
  readonly persistTo?: string;
  /** Receives each line of the Worker's log, and workerd's reports of crashes. Default: they are dropped. */
  readonly onLog?: (line: string) => void;
  /** The Worker as one ES module. Default: src/, bundled once for this process. */
  readonly script?: string;
  /** False serves no static files. Then miniflare puts no asset router in front of the Worker. */
  readonly assets?: false;
}

/**
 * By default, V8 sizes its first heaps for this machine, not for an isolate of 128 MB. It frees the native
 * memory of streams and requests only when such a heap is full. So after 10,000 connections, workerd would
 * hold twice the memory that it needs. The benchmarks show no loss of throughput with small heaps. A value in
 * the environment takes precedence.
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

/**
 * One Worker on one port, with one directory of state. It can be killed and restarted any number of times.
 */
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
    if (this.#url === undefined) throw new Error('Cannot return the address: workerd has not started');
    return this.#url;
  }

  /** The directory that contains the Worker's state. */
  get persistTo(): string {
    return this.#persistTo;
  }

  /**
   * The Worker's key-value namespace STORE, for use in this process. After `restart()` it is a different
   * object.
   */
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

  /**
   * Kills workerd with SIGKILL, like a crash: no handler runs, and sockets break. The state is kept for
   * `restart()`.
   */
  async kill(): Promise<void> {
    const [miniflare, child] = [this.#miniflare, this.#process];
    this.#miniflare = undefined;
    this.#store = undefined;
    if (miniflare === undefined) return;
    const running = child !== undefined && child.exitCode === null && child.signalCode === null;
    const exited = running ? once(child, 'exit') : undefined;
    child?.kill('SIGKILL');
    // Called in the same turn of the event loop as the kill. Otherwise miniflare would treat the kill as a
    // crash and restart workerd. A rejection repeats the error that `start()` has thrown.
    await miniflare.dispose().catch(() => {});
    await exited;
  }

  /** Restarts workerd on the same port and state, with `script` if given. Kills it first if it still runs. */
  async restart(script?: string): Promise<void> {
    await this.kill();
    this.#script = script ?? this.#script;
    await this.start();
  }

  /** Stops workerd, and removes the state unless `persistTo` was given. */
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
      // miniflare's own socket, which only `store` uses.
      host: '127.0.0.1',
      port: 0,
      unsafeDirectSockets: [{ host: '127.0.0.1', port: Number(this.#url?.port ?? this.#options.port ?? 0) }],
      // Otherwise miniflare requests this machine's location from the network.
      cf: false,
      logRequests: false,
      log: new LineLog(log),
      handleStructuredLogs: ({ message }) => log(message),
    });
  }

  /** Takes over each workerd process that miniflare starts, including those after a crash. */
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

/** miniflare's own log (such as a crash of workerd) as lines without colours. */
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
 * Removes the signal handlers that miniflare installs. They end the process immediately, which would prevent
 * an orderly shutdown. The exit handlers of miniflare stay. die-with-parent.ts covers exits without handlers.
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
 * Finds the process that miniflare starts but does not expose. Node publishes each new child on a diagnostics
 * channel, in the asynchronous context of the caller.
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
