/**
 * Bundles the Worker the way wrangler does when it deploys, in 30 ms instead of a second: `npm start`, the tests and the
 * benchmarks share it. test/local/wrangler-toml.test.ts holds the two to be the same text, so that what is tested is what is
 * deployed; but that one is minified, and what runs here shows stacks that can be read.
 *
 * Options: `bundleWorker` of wrangler 4.155. Leaves Text and Data modules (`*.html`, `*.wasm`) out: the Worker has none.
 */
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

/** The top of this repository, with a slash at the end. */
export const PROJECT_ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface WorkerBundle {
  /** One ES module: the whole Worker but for `node:*` and `cloudflare:*`. */
  readonly script: string;
  /** Which of our files and packages are in it, and how many bytes each takes. */
  readonly metafile: esbuild.Metafile;
}

/** Where the Worker starts. Everything that it imports, and nothing else, is deployed. */
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

/** Rejects with esbuild's own message, which names file and line. */
export async function bundleWorker({ minify = false } = {}): Promise<WorkerBundle> {
  const { outputFiles, metafile } = await esbuild.build({ ...OPTIONS, minify });
  return { script: scriptOf(outputFiles), metafile };
}

/** Hands over the Worker now and after each change of a file that it is made of, or what is wrong with it. */
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
