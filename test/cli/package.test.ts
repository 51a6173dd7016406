/**
 * The package as users get it: built, packed, and unpacked where npm would install it. Runs on Deno, and on a
 * Node (20 or newer) from outside the project. Over 300 lines, because two test files would build and pack at the same
 * time.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';

import { PROJECT } from '../architecture/source-files.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { flow } from '../streams/scripted-flow.ts';
import { launchChromium, openPage } from '../support/chromium.ts';
import { CHROMIUM, chromiumOptions } from '../support/installed.ts';

const execute = promisify(execFile);
const bin = (name: string): string => join(PROJECT, 'node_modules/.bin', name);

/** Finds the first Node on PATH that does not belong to the project. Falls back to the project's Node. */
function foreignNode(): string {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  const outside = directories.filter((directory) => !directory.includes('node_modules'));
  const candidates = [...outside, '/usr/bin', '/usr/local/bin'].map((directory) => join(directory, 'node'));
  return candidates.find((path) => existsSync(path)) ?? process.execPath;
}

let scratch: string;
let installed: string;
let contents: string[];
let tarball: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'flowtap-package-'));
  await execute('npm', ['run', 'pack:client', '--', '--pack-destination', scratch], { cwd: PROJECT });
  const [name = ''] = await readdir(scratch);
  tarball = join(scratch, name);
  const { stdout } = await execute('tar', ['tzf', tarball]);
  contents = stdout.trim().split('\n');
  installed = join(scratch, 'node_modules/flowtap');
  await mkdir(installed, { recursive: true });
  await execute('tar', ['xzf', tarball, '--strip-components=1', '-C', installed]);
  await writeFile(join(scratch, 'package.json'), '{"type":"module"}');
});
afterAll(() => rm(scratch, { recursive: true }));

test('the tarball contains only built files, docs, examples and the usual top-level files', () => {
  const files = contents.map((path) => path.replace(/^package\//, ''));
  const built = /^dist\/(?:cli\.js|(?:client|react)\.js(?:\.map)?|types\/.+\.d\.ts)$/;
  expect(files.filter((path) => !built.test(path) && !/^(?:docs|examples)\//.test(path)).toSorted()).toEqual([
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'package.json',
  ]);
});

test('every relative link in the documents leads to a file in the package', async () => {
  const documents = contents
    .map((path) => path.replace(/^package\//, ''))
    .filter((path) => path.endsWith('.md'));
  const links: string[] = [];
  const dead: string[] = [];
  for (const document of documents) {
    const text = await readFile(join(installed, document), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^https?:/.test(target)) continue;
      links.push(target);
      if (!existsSync(join(installed, dirname(document), target))) dead.push(`${document} → ${target}`);
    }
  }
  expect(dead).toEqual([]);
  expect(links.length).toBeGreaterThan(20);
});

test('the manifest has no dependencies and no scripts, and can be published', async () => {
  const manifest: unknown = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  const members = Object.keys(Object(manifest));
  expect(members.filter((name) => /^(?:dev|optional)?dependencies$|scripts|private/i.test(name))).toEqual([]);
  expect(members).toEqual(expect.arrayContaining(['name', 'version', 'license', 'exports', 'bin']));
});

test('npm installs the package offline, without any other package', async () => {
  const into = join(scratch, 'into');
  await mkdir(into);
  await writeFile(join(into, 'package.json'), '{"name":"consumer","private":true}');
  const words = ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball];
  await execute('npm', words, { cwd: into });
  const packages = await readdir(join(into, 'node_modules'));
  expect(packages.filter((name) => !name.startsWith('.'))).toEqual(['flowtap']);
});

test('the client is minified, and its source map contains the sources', async () => {
  const code = await readFile(join(installed, 'dist/client.js'), 'utf8');
  expect(code).toMatch(/\n\/\/# sourceMappingURL=client\.js\.map\s*$/);
  expect(code.split('/* Includes')[0]?.trim().split('\n').length).toBeLessThan(30);
  const map = z.parse(
    z.object({ sources: z.array(z.string()), sourcesContent: z.array(z.string()) }),
    JSON.parse(await readFile(join(installed, 'dist/client.js.map'), 'utf8')),
  );
  const index = map.sources.findIndex((source) => source.endsWith('src/client/follow.ts'));
  expect(map.sourcesContent[index]).toContain('followEvents(');
});

test('the command runs on Node 20 or newer', async () => {
  const node = foreignNode();
  const manifest = z.parse(
    z.object({ bin: z.object({ flowtap: z.string() }), version: z.string() }),
    JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')),
  );
  const command = join(installed, manifest.bin.flowtap);
  expect(await readFile(command, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect((await execute(node, [command, '--version'])).stdout).toBe(`${manifest.version}\n`);
  expect((await execute(node, [command, 'tail', '--help'])).stdout).toContain('Usage: flowtap tail');
  const refused = execute(
    node,
    [command, 'tail', 'x', '--url', 'http://127.0.0.1:9', '--give-up-after', '0'],
    {
      env: { ...process.env, FLOWTAP_API_KEY: 'k' },
    },
  );
  // The command gets as far as the network.
  await expect(refused).rejects.toMatchObject({ code: 3, stderr: expect.stringContaining('Cannot reach') });
});

test('only the hook imports a package, React, and the client imports nothing at all', async () => {
  const importsOf = async (name: string) =>
    [
      ...(await readFile(join(installed, 'dist', name), 'utf8')).matchAll(
        /(?:^|;)\s*import\b[^;'"]*?from\s*"(.+?)"/gm,
      ),
    ].map(([, from]) => from);
  expect(await importsOf('client.js')).toEqual([]);
  // The hook imports the same client, so that its errors are instances of the client's classes.
  expect(new Set(await importsOf('react.js'))).toEqual(new Set(['react', './client.js']));
  expect((await importsOf('cli.js')).filter((from) => !from?.startsWith('node:'))).toEqual([]);
});

test('the package exports the client, its two errors and the steps, and no internals', async () => {
  const file = join(scratch, 'names.mjs');
  await writeFile(file, "console.log(Object.keys(await import('flowtap')).sort().join());");
  const { stdout } = await execute(foreignNode(), [file], { cwd: scratch });
  expect(stdout).toBe('FlowtapConnectionError,FlowtapProblem,createFlowtapClient,stepsReducer,toSteps\n');
});

test('the types are found by tools that ignore `exports`, and any version of TypeScript can resolve their imports', async () => {
  const manifest = z.parse(
    z.object({ types: z.string(), main: z.string() }),
    JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')),
  );
  expect([manifest.types, manifest.main].filter((path) => !existsSync(join(installed, path)))).toEqual([]);
  const declarations = contents.filter((path) => path.endsWith('.d.ts'));
  for (const path of declarations) {
    const text = await readFile(join(scratch, 'node_modules/flowtap', path.replace('package/', '')), 'utf8');
    for (const [, from] of text.matchAll(/ from '(.+?)'/g)) expect(from).toMatch(/^\.{1,2}\/.+\.js$/);
  }
  expect(declarations.length).toBeGreaterThan(10);
});

/** Uses the client with its own `fetch`, which answers with a page, a stream and a 404. */
const CONSUMER = `
import { createFlowtapClient, FlowtapProblem } from 'flowtap';
const client = createFlowtapClient({
  url: 'https://flowtap.test',
  apiKey: 'k',
  fetch: async (url, init) => {
    const id = new URL(url).pathname.split('/')[3];
    if (id === 'gone') return Response.json({ code: 'ResourceNotFoundException', detail: 'No.' }, { status: 404 });
    if (new Headers(init.headers).get('Accept') !== 'text/event-stream') {
      return Response.json({ messages: [{ messageId: '0' }], cursor: 'c' });
    }
    return new Response(
      'id: 1\\ndata: {"messageId":"1"}\\n\\nid: 1\\nevent: caught-up\\ndata: {"status":"SUCCEEDED"}\\n\\n',
      { headers: { 'Content-Type': 'text/event-stream' } },
    );
  },
});
const seen = [];
for await (const message of client.list('a')) seen.push(message.messageId);
for await (const message of client.follow('a')) seen.push(message.messageId);
try {
  await client.summary('gone');
} catch (error) {
  if (error instanceof FlowtapProblem) seen.push(error.code);
}
console.log(seen.join());
`;

test.each([
  ['Node 20 or newer', () => [foreignNode()]],
  ['Deno', () => [bin('deno'), 'run', '--quiet', '--node-modules-dir=manual']],
])('the client runs on %s', async (_, runtime) => {
  const file = join(scratch, 'consumer.mjs');
  await writeFile(file, CONSUMER);
  const [command = '', ...words] = runtime();
  const { stdout } = await execute(command, [...words, file], { cwd: scratch });
  expect(stdout).toBe('0,1,ResourceNotFoundException\n');
});

test('the types compile with only the types of the web platform, without skipping library checks', async () => {
  const file = join(scratch, 'typed.ts');
  await writeFile(
    file,
    `import { useExecution } from 'flowtap/react';
     export const status = (): Status | undefined => useExecution('a', { ticketUrl: '/ticket' }).status;
     import { createFlowtapClient, FlowtapProblem, type FollowEvent, type Page, type Status } from 'flowtap';
     import type { EventType, ProblemCode } from 'flowtap';
     // @ts-expect-error: createHttp is internal to the package
     import type { createHttp } from 'flowtap';
     // Names that only a later service sends are allowed, too.
     export const names: [EventType, ProblemCode] = ['STEP_FAILED_TWICE', 'NotToday'];
     const client = createFlowtapClient({ url: 'https://flowtap.test', ticket: async () => 't' });
     export async function all(signal: AbortSignal): Promise<Status | undefined> {
       for await (const page of client.list('a').pages()) { const p: Page = page; void p.nextToken; }
       for await (const event of client.followEvents('a', { signal })) {
         const e: FollowEvent = event;
         if (e.type === 'message') { const text: string | undefined = e.message.payload; void text; }
         if (e.type === 'end') return e.status;
       }
       // @ts-expect-error: there is no such option
       client.follow('a', { form: 'now' });
       try { return (await client.wait('a', { signal })).status; }
       catch (error) { if (error instanceof FlowtapProblem) void error.errors?.[0]?.name; throw error; }
     }`,
  );
  const options = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--skipLibCheck',
    'false',
    '--types',
    '',
  ];
  const platform = ['--lib', 'ES2022,DOM,DOM.Iterable,DOM.AsyncIterable', '--target', 'ES2022'];
  for (const resolution of ['bundler', 'nodenext']) {
    const module = resolution === 'bundler' ? 'esnext' : 'nodenext';
    const words = [...options, ...platform, '--module', module, '--moduleResolution', resolution, file];
    await execute(process.execPath, [bin('tsc'), '--ignoreConfig', ...words], { cwd: scratch }).catch(
      (error: unknown) => {
        throw new Error(String(Reflect.get(Object(error), 'stdout')));
      },
    );
  }
});

describe('the examples, with the installed package', () => {
  let world: World;
  let settings: Record<string, string>;
  beforeAll(async () => {
    world = await openWorld();
    await cp(join(PROJECT, 'examples/client'), join(scratch, 'examples'), { recursive: true });
    settings = {
      ...process.env,
      FLOWTAP_URL: world.url.origin,
      FLOWTAP_API_KEY: await world.key(),
      PORT: '0',
    };
  });
  afterAll(() => world.close());

  test('follow.mjs prints each message and the outcome, or the error if the key is wrong', async () => {
    await world.script('example', flow(4, 200, { terminal: 'EXECUTION_FAILED' }));
    const file = join(scratch, 'examples/follow.mjs');
    const { stdout } = await execute(foreignNode(), [file, 'example'], { env: settings });
    const lines = stdout.trim().split('\n');
    expect(lines[3]).toMatch(/^\d{4}-.+Z EXECUTION_FAILED m 3 /);
    expect(lines[4]).toMatch(/^FAILED after \d+ ms$/);
    const env = { ...settings, FLOWTAP_API_KEY: 'wrong' };
    const refused = execute(foreignNode(), [file, 'example'], { env });
    await expect(refused).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('InvalidApiKey: '),
    });
  });

  test('steps.mjs prints the steps that each message changes', async () => {
    await world.script('stepped', [
      { messageId: '0', eventType: 'EXECUTION_STARTED' },
      { messageId: '1', eventType: 'STEP_STARTED', payload: '{stepId: First}' },
      { messageId: '2', eventType: 'STEP_SUCCEEDED', payload: '{stepId: First}' },
      { messageId: '3', eventType: 'STEP_STARTED', payload: '{stepId: Second}' },
      { messageId: '4', eventType: 'EXECUTION_SUCCEEDED' },
    ]);
    const file = join(scratch, 'examples/steps.mjs');
    const { stdout } = await execute(foreignNode(), [file, 'stepped'], { env: settings });
    expect(stdout.match(/step First \w+/g)).toEqual(['step First RUNNING', 'step First SUCCEEDED']);
    expect(stdout).toMatch(/execution {2}SUCCEEDED attempts=1\n {2}step Second SUCCEEDED/);
  });

  /** Starts the back end of an example. By default that is the browser example. */
  async function openBackEnd(file = join(scratch, 'examples/browser/server.mjs')) {
    const server = spawn(foreignNode(), [file], { env: settings });
    const [line] = await once(server.stdout, 'data');
    const [origin = ''] = /http:\/\/[\d.:]+/.exec(String(line)) ?? [];
    return { origin, [Symbol.dispose]: () => server.kill('SIGKILL') };
  }

  test('the back end serves the page, the client, and a ticket for one execution', async () => {
    await world.script('shown', flow(3, 0));
    using backEnd = await openBackEnd();
    const get = (path: string) => fetch(new URL(path, backEnd.origin));
    expect((await get('/')).headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    const script = await get('/flowtap.js');
    expect(script.headers.get('Content-Type')).toBe('text/javascript');
    expect(await script.text()).toContain('createFlowtapClient');
    const ticket: unknown = await (await get('/ticket?id=shown')).json();
    const parts = { ticket: expect.stringMatching(/^ey/), expiresAt: expect.any(String) };
    expect(ticket).toEqual({ url: world.url.origin, ticket: expect.objectContaining(parts) });
    expect((await get('/ticket?id=')).status).toBe(400);
  });

  test.runIf(existsSync(CHROMIUM))(
    'the page shows every message in Chromium, from another origin',
    async () => {
      await world.script('in a browser', flow(5, 300));
      using backEnd = await openBackEnd();
      const shown = await shownInChromium(backEnd.origin, '/?id=in%20a%20browser');
      expect([...shown.matchAll(/<li[^>]*>.*?m (\d)/g)].map(([, n]) => n)).toEqual(['0', '1', '2', '3', '4']);
      expect(shown).toContain('role="status">SUCCEEDED<');
    },
  );

  test.runIf(existsSync(CHROMIUM))(
    'the React application builds, and shows the steps of an execution',
    async () => {
      const app = join(scratch, 'react');
      await cp(join(PROJECT, 'examples/react'), app, { recursive: true });
      for (const name of ['react', 'react-dom', 'scheduler'])
        await cp(join(PROJECT, 'node_modules', name), join(scratch, 'node_modules', name), {
          recursive: true,
        });
      const manifest = z.parse(
        z.object({ scripts: z.object({ build: z.string() }) }),
        JSON.parse(await readFile(join(app, 'package.json'), 'utf8')),
      );
      const path = `${join(PROJECT, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`;
      await execute('sh', ['-c', manifest.scripts.build], { cwd: app, env: { ...process.env, PATH: path } });
      await world.script('in react', [
        { messageId: '0', eventType: 'EXECUTION_STARTED' },
        { messageId: '1', eventType: 'STEP_STARTED', payload: '{stepId: First}' },
        { messageId: '2', eventType: 'STEP_SUCCEEDED', payload: '{stepId: First}' },
        { messageId: '3', eventType: 'EXECUTION_SUCCEEDED', afterMs: 1_000 },
      ]);
      using backEnd = await openBackEnd(join(app, 'server.mjs'));
      const browser = await launchChromium();
      try {
        const { page, problems } = await openPage(browser);
        await page.goto(`${backEnd.origin}/?id=in%20react`);
        await page.getByRole('heading', { name: 'SUCCEEDED' }).waitFor();
        expect(await page.getByRole('listitem').allTextContents()).toEqual(['First: SUCCEEDED']);
        expect(await page.getByText('4 messages').count()).toBe(1);
        await page.goto(`${backEnd.origin}/?id=unknown`);
        await page.getByRole('alert').waitFor();
        expect(problems.filter((problem) => !problem.includes('404'))).toEqual([]);
      } finally {
        await browser.close();
      }
    },
  );

  /**
   * Returns the HTML of the page once it shows that the execution has ended. A proxy adds a script to the page, which
   * sends this HTML.
   */
  async function shownInChromium(backEnd: string, path: string): Promise<string> {
    const reporting = `<script>
      const report = () => fetch('/report', { method: 'POST', body: document.body.outerHTML });
      const state = document.getElementById('status');
      new MutationObserver(() => state.textContent === 'SUCCEEDED' && report()).observe(state, { childList: true });
    </script></body>`;
    const reported = Promise.withResolvers<string>();
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      if (request.url === '/report') {
        reported.resolve(await text(request));
        response.end();
        return;
      }
      const page = await fetch(new URL(request.url ?? '', backEnd));
      const body = (await page.text()).replace('</body>', reporting);
      response.writeHead(page.status, { 'Content-Type': page.headers.get('Content-Type') ?? '' }).end(body);
    };
    const server = createServer((request, response) => void answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // Safety: the server listens on TCP, so its address is an `AddressInfo`.
    const { port } = server.address() as AddressInfo;
    const options = chromiumOptions(join(scratch, 'chromium'));
    const chromium = spawn(CHROMIUM, [...options, `http://127.0.0.1:${port}${path}`]);
    try {
      return await reported.promise;
    } finally {
      chromium.kill('SIGKILL');
      await once(chromium, 'exit');
      server.closeAllConnections();
      server.close();
    }
  }
});
