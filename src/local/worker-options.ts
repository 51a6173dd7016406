/**
 * What wrangler.toml says, as miniflare's options: compatibility, key-value stores, Durable Objects, rate limits, assets.
 * Wrangler translates, so that a binding added there is here at once.
 *
 * Only wrangler.toml counts: wrangler's own reading would add `.dev.vars` and `.env`, and a test that reads the developer's
 * secrets passes on one machine alone.
 *
 * Loading wrangler takes most of a second, and every test file that starts a Worker would pay it; so the translation is
 * kept in node_modules/.cache for as long as what it was made of is the same.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { V4WorkerOptions } from 'miniflare';
import { PROJECT_ROOT } from './bundle.ts';

export type WorkerOptions = Partial<V4WorkerOptions>;

interface Kept {
  readonly madeOf: string;
  /** Of the files that say how the assets are served: wrangler puts their content into the options. */
  readonly assetRules: string;
  readonly options: WorkerOptions;
}

const CACHE_DIRECTORY = join(PROJECT_ROOT, 'node_modules/.cache/flowtap');
const CACHE_FILE = join(CACHE_DIRECTORY, 'worker-options.json');
const THIS_FILE = fileURLToPath(import.meta.url);
const CONFIGURATION = join(PROJECT_ROOT, 'wrangler.toml');

let reading: Promise<WorkerOptions> | undefined;

export function workerOptions(): Promise<WorkerOptions> {
  return (reading ??= read());
}

async function read(): Promise<WorkerOptions> {
  const madeOf = await hash(
    CONFIGURATION,
    join(PROJECT_ROOT, 'node_modules/wrangler/package.json'),
    THIS_FILE,
  );
  const kept = await readKept();
  if (kept?.madeOf === madeOf && kept.assetRules === (await assetRules(kept.options))) return kept.options;
  const options = await translate();
  await keep({ madeOf, assetRules: await assetRules(options), options });
  return options;
}

async function translate(): Promise<WorkerOptions> {
  // Else it says that it uses .dev.vars, which is not so: the bindings below are put in the place of its own.
  process.env['WRANGLER_LOG'] ??= 'warn';
  const wrangler = await import('wrangler');
  const config = wrangler.unstable_readConfig({ config: CONFIGURATION });
  const { workerOptions: options, externalWorkers } = wrangler.unstable_getMiniflareWorkerOptions(config);
  if (externalWorkers.length > 0) throw new Error('Cannot run wrangler.toml here: it binds other Workers');
  return { ...options, name: config.name ?? 'flowtap', bindings: { ...config.vars } };
}

async function readKept(): Promise<Kept | undefined> {
  try {
    // Safety: written by `keep` alone, and `madeOf` tells whether by this one.
    return JSON.parse(await readFile(CACHE_FILE, 'utf8')) as Kept;
  } catch {
    return undefined;
  }
}

/** In one step, since several tests may do it at once. A place that can't be written to costs time, nothing else. */
async function keep(kept: Kept): Promise<void> {
  const unfinished = `${CACHE_FILE}.${process.pid}`;
  try {
    await mkdir(CACHE_DIRECTORY, { recursive: true });
    await writeFile(unfinished, JSON.stringify(kept));
    await rename(unfinished, CACHE_FILE);
  } catch {
    return;
  }
}

function assetRules({ assets }: WorkerOptions): Promise<string> {
  const directory = assets?.directory;
  return directory === undefined ? hash() : hash(join(directory, '_headers'), join(directory, '_redirects'));
}

/** Of the files' contents, and of this directory's place, which stands in the options; a missing file is an empty one. */
async function hash(...files: string[]): Promise<string> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return createHash('sha256')
    .update(JSON.stringify([PROJECT_ROOT, ...texts]))
    .digest('hex');
}
