/** Starts a Worker in workerd the way `npm start` does, or without what miniflare only simulates. */
import { bundleWorker } from '../../src/local/bundle.ts';
import { type LocalWorkerd, startWorkerd } from '../../src/local/workerd.ts';

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
  const { script } = await bundleWorker({ entry });
  const workerd = await startWorkerd({ script, vars, ...(!assetRouter && { assets: false }) });
  if (workerd.pid === undefined) throw new Error('Cannot measure workerd: its process is unknown');
  return { workerd, url: workerd.url, pid: workerd.pid };
}
