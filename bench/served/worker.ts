/** Starts a Worker in workerd the way `npm start` does, or without what miniflare only simulates. */
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
/** The files that the asset router looks through, as `npm start` builds them first. */
let site: Promise<unknown> | undefined;

export interface ServedWorker {
  readonly url: URL;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

export interface WorkerOptions {
  /** The file of the Worker, from the top of this repository. Absent: src/worker.ts. */
  readonly entry?: string;
  readonly vars?: Readonly<Record<string, string>>;
  /** With miniflare's asset router in front, as `npm start` has it. */
  readonly assetRouter?: boolean;
}

export async function startWorker(options: WorkerOptions): Promise<ServedWorker> {
  const { entry = 'src/worker.ts', vars = {}, assetRouter = false } = options;
  if (assetRouter) await (site ??= run(process.execPath, [BUILD_SITE]));
  const { script } = await bundleWorker({ entry });
  const directory = await mkdtemp(join(tmpdir(), 'flowtap-bench-'));
  // `npm start` reads the log, and so do the sides that are served as it serves.
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

/**
 * The environment in which miniflare starts workerd so that its log goes to a file; see
 * workerd-log-to-file.sh.
 */
function logToFile(file: string): Readonly<Record<string, string>> {
  // miniflare's own workerd. Safety: the package exports the path of its program.
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
