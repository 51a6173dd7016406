/**
 * Bundles the Worker as wrangler does for a deployment, in 30 ms instead of a second, for `npm start`, tests
 * and benchmarks. test/local/wrangler-toml.test.ts checks that both bundles are equal when minified, so the
 * tests run the deployed code. Minification is off by default here, so that stacks are readable.
 *
 * The options are those of `bundleWorker` in wrangler 4.155, without Text and Data modules (`*.html`,
 * `*.wasm`), which the Worker does not use.
 */
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

/** The top of this repository, with a slash at the end. */
export const PROJECT_ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface WorkerBundle {
  /** One ES module: the whole Worker except `node:*` and `cloudflare:*`. */
  readonly script: string;
  /** The files and packages in it, with the bytes that each takes. */
  readonly metafile: esbuild.Metafile;
}

/** The Worker's entry. Only what it imports is deployed. */
const ENTRY = 'src/worker.ts';

const OPTIONS = {
  entryPoints: [ENTRY],
  absWorkingDir: PROJECT_ROOT,
  bundle: true,
  format: 'esm',
  target: 'es2024',
  supported: { 'import-source': true, using: true },
  conditions: ['workerd', 'worker', 'browser'],
  external: ['node:*', 'cloudflare:*'],
  keepNames: false,
  define: {
    'navigator.userAgent': '"Cloudflare-Workers"',
    'process.env.NODE_ENV': '"production"',
    'global.process.env.NODE_ENV': '"production"',
    'globalThis.process.env.NODE_ENV': '"production"',
  },
  outfile: 'worker.js',
  write: false,
  metafile: true,
  logLevel: 'silent',
} as const satisfies esbuild.BuildOptions;

/**
 * Rejects with esbuild's message, which names file and line. The benchmarks pass another Worker as `entry`.
 */
export async function bundleWorker({ minify = false, entry = ENTRY } = {}): Promise<WorkerBundle> {
  const { outputFiles, metafile } = await esbuild.build({ ...OPTIONS, minify, entryPoints: [entry] });
  return { script: scriptOf(outputFiles), metafile };
}

/**
 * Calls `onBundle` now, and after each change of one of the Worker's files, with the new script or with the
 * errors.
 */
export async function watchWorker(
  onBundle: (script: string | undefined, errors: readonly string[]) => void,
): Promise<{ stop(): Promise<void> }> {
  const context = await esbuild.context({
    ...OPTIONS,
    plugins: [
      {
        name: 'hand-over',
        setup: (build) => {
          build.onEnd(async ({ errors, outputFiles }) => {
            if (errors.length === 0) onBundle(scriptOf(outputFiles), []);
            else onBundle(undefined, await esbuild.formatMessages(errors, { kind: 'error' }));
          });
        },
      },
    ],
  });
  await context.watch();
  return { stop: () => context.dispose() };
}

function scriptOf(outputFiles: readonly esbuild.OutputFile[] | undefined): string {
  const script = outputFiles?.[0]?.text;
  if (script === undefined) throw new Error(`Cannot bundle ${ENTRY}: esbuild wrote nothing`);
  return script;
}
