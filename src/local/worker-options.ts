/**
 * Translates wrangler.toml into miniflare's options: compatibility, key-value stores, Durable Objects, rate
 * limits, assets. Wrangler does the translation, so a binding needs no second entry here.
 *
 * Variables come from wrangler.toml only. Wrangler would also read `.dev.vars` and `.env`, and then a test
 * could depend on one developer's secrets.
 *
 * Loading wrangler takes most of a second in each test file that starts a Worker. So the result is cached in
 * node_modules/.cache until one of its inputs changes.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { V4WorkerOptions } from 'miniflare';
import { PROJECT_ROOT } from './bundle.ts';

export type WorkerOptions = Partial<V4WorkerOptions>;

interface CachedOptions {
  /** Hash of wrangler.toml, wrangler's version and this file. */
  readonly inputs: string;
  /** Hash of `_headers` and `_redirects`, whose content wrangler copies into the options. */
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
  const inputs = await hash(
    CONFIGURATION,
    join(PROJECT_ROOT, 'node_modules/wrangler/package.json'),
    THIS_FILE,
  );
  const cached = await readCache();
  if (cached?.inputs === inputs && cached.assetRules === (await assetRules(cached.options))) {
    return cached.options;
  }
  const options = await translate();
  await writeCache({ inputs, assetRules: await assetRules(options), options });
  return options;
}

async function translate(): Promise<WorkerOptions> {
  // Otherwise wrangler logs that it uses .dev.vars. That would be wrong, because `bindings` below replaces
  // the variables that wrangler read.
  process.env['WRANGLER_LOG'] ??= 'warn';
  const wrangler = await import('wrangler');
  const config = wrangler.unstable_readConfig({ config: CONFIGURATION });
  const { workerOptions: options, externalWorkers } = wrangler.unstable_getMiniflareWorkerOptions(config);
  if (externalWorkers.length > 0) throw new Error('Cannot run wrangler.toml here: it binds other Workers');
  return { ...options, name: config.name ?? 'flowtap', bindings: { ...config.vars } };
}

async function readCache(): Promise<CachedOptions | undefined> {
  try {
    // Safety: only `writeCache` writes the file, and `inputs` differs if another version of `writeCache`
    // wrote it.
    return JSON.parse(await readFile(CACHE_FILE, 'utf8')) as CachedOptions;
  } catch {
    return undefined;
  }
}

/**
 * Writes the file atomically, because several tests might write it at the same time. Failures are ignored:
 * without the cache, starting only takes longer.
 */
async function writeCache(cached: CachedOptions): Promise<void> {
  const unfinished = `${CACHE_FILE}.${process.pid}`;
  try {
    await mkdir(CACHE_DIRECTORY, { recursive: true });
    await writeFile(unfinished, JSON.stringify(cached));
    await rename(unfinished, CACHE_FILE);
  } catch {
    return;
  }
}

function assetRules({ assets }: WorkerOptions): Promise<string> {
  const directory = assets?.directory;
  return directory === undefined ? hash() : hash(join(directory, '_headers'), join(directory, '_redirects'));
}

/**
 * Hashes the files' contents and the repository's path, which is part of the options. A missing file counts
 * as empty.
 */
async function hash(...files: string[]): Promise<string> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return createHash('sha256')
    .update(JSON.stringify([PROJECT_ROOT, ...texts]))
    .digest('hex');
}
