/**
 * Checks deployments to Cloudflare: every environment has every binding, a first deployment creates its key-value
 * namespace, and the uploaded code is the tested code. Wrangler deploys to a simulated account, because a dry run
 * covers neither the namespace nor the upload.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unstable_readConfig, type Unstable_Config } from 'wrangler';
import { brokenApp } from '../site/broken-app.ts';
import { bundleWorker, PROJECT_ROOT } from '../../src/local/bundle.ts';

const read = (env?: string) =>
  unstable_readConfig({ config: `${PROJECT_ROOT}wrangler.toml`, ...(env !== undefined && { env }) });

/** The part of a configuration that the Worker sees, and the migrations of its Durable Objects. */
const bound = (config: Unstable_Config) => ({
  vars: Object.keys(config.vars),
  kv: config.kv_namespaces.map(({ binding, id }) => ({ binding, id })),
  durableObjects: config.durable_objects.bindings,
  migrations: config.migrations,
  rateLimits: config.ratelimits.map(({ name, simple }) => ({ name, simple })),
  assets: config.assets,
  observability: config.observability,
  compatibility: [config.compatibility_date, config.compatibility_flags],
});

describe.each(['staging', 'production'])('env.%s', (env) => {
  test('repeats every binding', () => {
    expect(bound(read(env))).toEqual(bound(read()));
  });

  test('has its own name and its own rate limit counters', () => {
    const namespaces = (config: Unstable_Config) => config.ratelimits.map((limit) => limit.namespace_id);
    expect(read(env).name).toBe(`flowtap-${env}`);
    for (const other of [undefined, 'staging', 'production'].filter((name) => name !== env)) {
      expect(namespaces(read(env)).filter((id) => namespaces(read(other)).includes(id))).toEqual([]);
    }
  });
});

test("query strings, which contain cursors and tickets, are redacted in Cloudflare's logs", () => {
  expect(read().observability).toMatchObject({ enabled: true, redact_query_string: true });
});

test('run_worker_first lists all routes of the application and no static file', () => {
  const listed = read().assets?.run_worker_first;
  const isListed = (path: string) =>
    Array.isArray(listed) &&
    listed.some((entry) => (entry.endsWith('*') ? path.startsWith(entry.slice(0, -1)) : path === entry));
  expect(brokenApp().routes.filter(({ path }) => !isListed(path))).toEqual([]);
  for (const path of ['/docs', '/docs/problems', '/openapi.json']) expect(isListed(path)).toBe(false);
});

describe('a first deployment', () => {
  const calls: { method: string; path: string; body: string }[] = [];
  let output = '';
  let status: number | null;
  let outdir: string;

  const account = createServer((request, response) => {
    void readBody(request).then((body) => {
      const path = (request.url ?? '').replace(/^.*\/accounts\/[^/]+/, '');
      const method = request.method ?? '';
      calls.push({ method, path, body });
      const result = answer(method, path);
      const [code, found] = result === undefined ? [404, false] : [200, true];
      response.writeHead(code, { 'content-type': 'application/json' });
      const errors = found ? [] : [{ code: 10007, message: 'no such Worker' }];
      response.end(JSON.stringify({ success: found, errors, messages: [], result: result ?? null }));
    });
  });

  beforeAll(async () => {
    account.listen(0, '127.0.0.1');
    await once(account, 'listening');
    // Safety: it listens on TCP, so it has an address and a port.
    const { port } = account.address() as AddressInfo;
    outdir = await mkdtemp(join(tmpdir(), 'flowtap-deploy-'));
    const wrangler = spawn(
      process.execPath,
      [
        `${PROJECT_ROOT}node_modules/wrangler/bin/wrangler.js`,
        'deploy',
        '--env',
        'production',
        '--outdir',
        outdir,
      ],
      {
        cwd: PROJECT_ROOT,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env['PATH'],
          HOME: outdir,
          CI: 'true',
          WRANGLER_SEND_METRICS: 'false',
          CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}/client/v4`,
          CLOUDFLARE_API_TOKEN: 'played',
          CLOUDFLARE_ACCOUNT_ID: 'a'.repeat(32),
        },
      },
    );
    for (const stream of [wrangler.stdout, wrangler.stderr])
      stream.on('data', (chunk) => (output += String(chunk)));
    [status] = (await once(wrangler, 'close')) as [number | null];
  });

  afterAll(async () => {
    account.close();
    await rm(outdir, { recursive: true });
  });

  test('succeeds', () => {
    expect({ status, output }).toEqual({
      status: 0,
      output: expect.stringContaining('Uploaded flowtap-production'),
    });
  });

  test('creates the key-value namespace that wrangler.toml names without an id, and binds it', () => {
    const created = calls.filter(
      ({ method, path }) => method === 'POST' && path === '/storage/kv/namespaces',
    );
    expect(created.map(({ body }) => JSON.parse(body))).toEqual([{ title: 'flowtap-production-store' }]);
    const upload = calls.find(({ method, path }) => method === 'PUT' && path.startsWith('/workers/scripts/'));
    expect(upload?.body).toContain(`{"name":"STORE","type":"kv_namespace","namespace_id":"${NAMESPACE_ID}"}`);
    expect(upload?.body).toContain('"new_sqlite_classes":["ExecutionObject","CallBudgetObject"]');
    for (const name of ['RATE_STANDARD', 'RATE_HIGH', 'RATE_AUTH_FAILURES'])
      expect(upload?.body).toContain(name);
  });

  test('uploads the same code that npm start and the tests run, but minified', async () => {
    const deployed = await readFile(join(outdir, 'worker.js'), 'utf8');
    const { script } = await bundleWorker({ minify: true });
    expect(deployed.replace(/\/\/# sourceMappingURL=.*\n$/, '')).toBe(script);
  });
});

const NAMESPACE_ID = '0123456789abcdef0123456789abcdef';

/** Answers like the API of an account without this Worker. `undefined` means 404. */
function answer(method: string, path: string): unknown {
  if (path.startsWith('/storage/kv/namespaces')) return method === 'POST' ? { id: NAMESPACE_ID } : [];
  // No buckets: the account already has all files, so nothing is uploaded.
  if (path.endsWith('/assets-upload-session')) return { jwt: 'played', buckets: [] };
  if (path === '/workers/subdomain') return { subdomain: 'played' };
  if (path.startsWith('/workers/scripts/') && path.endsWith('/subdomain')) return { enabled: true };
  if (path.startsWith('/workers/workers/')) return { subdomain: { enabled: true, previews_enabled: true } };
  if (method === 'PUT' && path.startsWith('/workers/scripts/')) return { id: 'flowtap', startup_time_ms: 1 };
  return method === 'GET' ? undefined : {};
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('latin1')) body += chunk;
  return body;
}
