/** Starts a Worker in workerd the way `npm start` does, or without what miniflare only simulates. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_ROOT, bundleWorker } from '../../src/local/bundle.ts';
import { type LocalWorkerd, startWorkerd } from '../../src/local/workerd.ts';

const run = promisify(execFile);
const BUILD_SITE = join(PROJECT_ROOT, 'src/site/build-site.ts');
/** The files that the asset router looks through, as `npm start` builds them first. */
let site: Promise<unknown> | undefined;

export interface ServedWorker {
  readonly workerd: LocalWorkerd;
  readonly url: URL;
  readonly pid: number;
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
  const workerd = await startWorkerd({ script, vars, ...(!assetRouter && { assets: false }) });
  if (workerd.pid === undefined) throw new Error('Cannot measure workerd: its process is unknown');
  return { workerd, url: workerd.url, pid: workerd.pid };
}
