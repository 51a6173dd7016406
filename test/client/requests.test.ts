/**
 * The client's `fetch` options on each runtime. The client bypasses caches and follows no redirect. If redirected, it
 * throws an error that names the address to use.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { Miniflare, convertV4MiniflareOptions } from 'miniflare';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { CHROMIUM, chromiumOptions } from '../support/installed.ts';

const CLIENT = new URL('../../src/client/client.ts', import.meta.url).pathname;
const SUMMARY = JSON.stringify({ flowExecutionId: 'a/b', status: 'SUCCEEDED', final: true, source: 'x' });

/**
 * A script that requests a summary from the address that redirects and from the address that answers. Its result also
 * has the options of each request.
 */
const script = (origin: string) => `
import { createFlowtapClient } from ${JSON.stringify(CLIENT)};
export async function look() {
  const asked = [];
  const ask = async (url) => {
    const fetch = (address, init) => (asked.push([init.cache, init.redirect]), globalThis.fetch(address, init));
    try { return (await createFlowtapClient({ url, apiKey: 'k', fetch }).summary('a/b')).status; }
    catch (error) { return error.code + ': ' + error.detail; }
  };
  return { moved: await ask('${origin}/old'), good: await ask('${origin}/new'), asked };
}`;

let scratch: string;
let origin: string;
let reported: (text: string) => void = () => {};
const authorizations: (string | undefined)[] = [];
const server = createServer((request, response) => {
  const url = request.url ?? '';
  response
    .setHeader('Access-Control-Allow-Origin', '*')
    .setHeader('Access-Control-Allow-Headers', '*, Authorization');
  if (request.method === 'OPTIONS') response.end();
  else if (url === '/')
    response.setHeader('Content-Type', 'text/html').end('<script type="module" src="/page.js"></script>');
  else if (url === '/page.js')
    void bundled(
      'look().then((found) => fetch("/report", { method: "POST", body: JSON.stringify(found) }))',
    ).then((code) => response.setHeader('Content-Type', 'text/javascript').end(code));
  else if (url === '/report') {
    let text = '';
    request
      .setEncoding('utf8')
      .on('data', (part) => (text += String(part)))
      .on('end', () => {
        reported(text);
        response.end();
      });
  } else if (url.startsWith('/old/')) {
    response.writeHead(301, { Location: url.replace('/old/', '/new/') }).end();
  } else {
    // Records only these requests, because browsers also ask for a favicon.
    if (url.startsWith('/new/')) authorizations.push(request.headers.authorization);
    response.setHeader('Content-Type', 'application/json').end(SUMMARY);
  }
});
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'flowtap-requests-'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Safety: the server listens on TCP, so its address is an `AddressInfo`.
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(scratch, { recursive: true, force: true });
});

async function bundled(last: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: `${script(origin)}\n${last}`, resolveDir: '/', loader: 'js' },
    bundle: true,
    format: 'esm',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

async function onProgram(program: string, ...words: string[]): Promise<string> {
  const file = join(scratch, 'look.mjs');
  await writeFile(file, await bundled('console.log(JSON.stringify(await look()))'));
  return (await promisify(execFile)(program, [...words, file])).stdout;
}

async function onWorkerd(compatibilityDate = '2026-10-01'): Promise<string> {
  const worker = 'export default { fetch: async () => Response.json(await look()) }';
  const options = { modules: true, script: await bundled(worker), compatibilityDate } as const;
  const miniflare = new Miniflare(convertV4MiniflareOptions(options));
  try {
    return await (await miniflare.dispatchFetch('http://worker')).text();
  } finally {
    await miniflare.dispose();
  }
}

async function inChromium(): Promise<string> {
  const report = new Promise<string>((resolve) => (reported = resolve));
  const chromium = spawn(CHROMIUM, [...chromiumOptions(join(scratch, 'chromium')), `${origin}/`]);
  try {
    return await report;
  } finally {
    chromium.kill('SIGKILL');
    await once(chromium, 'exit');
  }
}

test.each([
  ['Node', () => onProgram(process.execPath)],
  ['Deno', () => onProgram('deno', 'run', '--quiet', '--allow-net')],
  ['workerd', () => onWorkerd()],
  ...(existsSync(CHROMIUM) ? [['Chromium', inChromium] as const] : []),
] as const)(
  'on %s, the client bypasses every cache, and names the address to which it was redirected',
  async (name, look) => {
    const found: unknown = JSON.parse(await look());
    const named = name === 'Chromium' ? 'redirects to another address' : `redirects to ${origin}/new/`;
    expect(found).toEqual({
      moved: expect.stringMatching(new RegExp(`^Redirected: .*${named}`)),
      good: 'SUCCEEDED',
      asked: [
        ['no-store', 'manual'],
        ['no-store', 'manual'],
      ],
    });
    expect(authorizations.at(-1)).toBe('Bearer k');
  },
);

test('on workerd with an old compatibility date, the client works without the missing cache option', async () => {
  expect(JSON.parse(await onWorkerd('2023-01-01'))).toEqual({
    moved: expect.stringContaining(`redirects to ${origin}/new/`),
    good: 'SUCCEEDED',
    asked: [
      [null, 'manual'],
      [null, 'manual'],
    ],
  });
});
