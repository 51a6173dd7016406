/** Starts a Worker in workerd as `npm start` does, or without the parts that miniflare only simulates. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_ROOT, bundleWorker } from '../../src/local/bundle.ts';
import { startWorkerd } from '../../src/local/workerd.ts';

const run = promisify(execFile);
const BUILD_SITE = join(PROJECT_ROOT, 'src/site/build-site.ts');
const LOG_TO_FILE = join(import.meta.dirname, 'workerd-log-to-file.sh');
/** The static files for the asset router, built once. `npm start` builds them too. */
let site: Promise<unknown> | undefined;

export interface ServedWorker {
  readonly url: URL;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

export interface WorkerOptions {
  /** The Worker's entry file, relative to the top of this repository. Default: src/worker.ts. */
  readonly entry?: string;
  readonly vars?: Readonly<Record<string, string>>;
  /** If true, requests pass through miniflare's asset router, as under `npm start`. */
  readonly assetRouter?: boolean;
}

export async function startWorker(options: WorkerOptions): Promise<ServedWorker> {
  const { entry = 'src/worker.ts', vars = {}, assetRouter = false } = options;
  if (assetRouter) await (site ??= run(process.execPath, [BUILD_SITE]));
  const { script } = await bundleWorker({ entry });
  const directory = await mkdtemp(join(tmpdir(), 'flowtap-bench-'));
  // With the asset router, the log is read through a pipe, as `npm start` does. Otherwise it goes to a file.
  const logged = assetRouter ? {} : logToFile(join(directory, 'log'));
  const workerd = await withEnvironment(logged, () =>
    startWorkerd({ script, vars, ...(!assetRouter && { assets: false }) }),
  );
  const stop = async () => {
    await workerd.stop();
    await rm(directory, { recursive: true, force: true });
  };
  if (workerd.pid === undefined) {
    await stop();
    throw new Error('Cannot measure workerd: its process is unknown');
  }
  return { url: workerd.url, pid: workerd.pid, stop };
}

/** Returns environment variables that make miniflare start workerd with its log in a file (workerd-log-to-file.sh). */
function logToFile(file: string): Readonly<Record<string, string>> {
  // Finds the workerd that miniflare depends on. Safety: the package exports the path of its program.
  const fromMiniflare = createRequire(createRequire(import.meta.url).resolve('miniflare'));
  const { default: program } = fromMiniflare('workerd') as { readonly default: string };
  return { MINIFLARE_WORKERD_PATH: LOG_TO_FILE, BENCH_WORKERD: program, BENCH_LOG: file };
}

async function withEnvironment<T>(
  added: Readonly<Record<string, string>>,
  start: () => Promise<T>,
): Promise<T> {
  Object.assign(process.env, added);
  try {
    return await start();
  } finally {
    for (const name of Object.keys(added)) delete process.env[name];
  }
}
