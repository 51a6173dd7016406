/**
 * Compiles the components of docs/embed.md, unchanged and each with its own framework, into scripts that show
 * them on a page.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Loader, build } from 'esbuild';
import { compile } from 'svelte/compiler';
import { compileScript, parse } from 'vue/compiler-sfc';

import { PROJECT } from '../architecture/source-files.ts';

const GUIDE = readFileSync(join(PROJECT, 'docs/embed.md'), 'utf8');

interface Component {
  readonly source: string;
  readonly loader: Loader;
  /** The main script of a page that shows the component for this execution. */
  readonly main: (id: string) => string;
}

export const FRAMEWORKS = ['React', 'Vue', 'Svelte'] as const;

/** Returns the first code block of this section of the guide. */
const blockOf = (section: string): string =>
  /```\w+\n([\s\S]*?)```/.exec(GUIDE.slice(GUIDE.indexOf(`\n### ${section}\n`)))?.[1] ?? '';

const COMPONENTS: Readonly<Record<(typeof FRAMEWORKS)[number], () => Component | Promise<Component>>> = {
  React: () => ({
    source: `${blockOf('React')}\nexport { Order };`,
    loader: 'jsx',
    main: (id) => `
      import { createElement } from 'react';
      import { createRoot } from 'react-dom/client';
      import { Order } from 'component';
      createRoot(document.querySelector('main')).render(createElement(Order, { id: '${id}' }));`,
  }),
  Vue: async () => {
    const { descriptor } = parse(blockOf('Vue'));
    const { content } = compileScript(descriptor, {
      id: 'order',
      inlineTemplate: true,
      templateOptions: { compilerOptions: await vueOptions() },
    });
    return {
      source: content,
      loader: 'js',
      main: (id) => `
        import { createApp } from 'vue';
        import Order from 'component';
        createApp(Order, { id: '${id}' }).mount('main');`,
    };
  },
  Svelte: () => ({
    source: compile(blockOf('Svelte'), { generate: 'client' }).js.code,
    loader: 'js',
    main: (id) => `
      import { mount } from 'svelte';
      import Order from 'component';
      mount(Order, { target: document.querySelector('main'), props: { id: '${id}' } });`,
  }),
};

/** Returns the compiler options that the guide passes to Vite's plugin for Vue. */
async function vueOptions(): Promise<Readonly<Record<string, unknown>>> {
  const [call = ''] = /vue\(\{ template: .*\}\)/.exec(GUIDE) ?? [];
  const module = `const vue = (options) => options; export default ${call};`;
  // Safety: the guide's code has this shape; otherwise the test fails.
  const { default: options } = (await import(`data:text/javascript,${encodeURIComponent(module)}`)) as {
    readonly default: { readonly template: { readonly compilerOptions: Readonly<Record<string, unknown>> } };
  };
  return options.template.compilerOptions;
}

/** Builds a script for browsers that shows the component of this framework in `<main>`. */
export async function scriptOfGuide(framework: (typeof FRAMEWORKS)[number], id: string): Promise<string> {
  const { source, loader, main } = await COMPONENTS[framework]();
  const { outputFiles } = await build({
    stdin: { contents: main(id), resolveDir: PROJECT },
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    conditions: ['browser'],
    alias: { 'flowtap/react': join(PROJECT, 'src/react/use-execution.ts') },
    define: { 'process.env.NODE_ENV': '"production"', __VUE_OPTIONS_API__: 'true' },
    logLevel: 'silent',
    plugins: [
      {
        name: 'component',
        setup: ({ onResolve, onLoad }) => {
          onResolve({ filter: /^component$/ }, ({ path }) => ({ path, namespace: 'guide' }));
          onLoad({ filter: /./, namespace: 'guide' }, () => ({
            contents: source,
            loader,
            resolveDir: PROJECT,
          }));
        },
      },
    ],
  });
  return outputFiles.map(({ text }) => text).join('');
}
