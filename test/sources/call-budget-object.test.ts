/**
 * The call budget as a Durable Object on a real workerd. Isolates that lease from the same object share its
 * calls.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { CALLS_AT_ONCE, CALLS_PER_SECOND, pollsBudget } from '../../src/sources/call-budget/call-budget.ts';

const LIMITS = { callsPerSecond: CALLS_PER_SECOND, callsAtOnce: CALLS_AT_ONCE };

/**
 * Each request plays one isolate: it creates its own budget, which shares no memory with the budgets of other
 * requests.
 */
const WORKER = `
  import { systemClock as clock } from './src/core/clock.ts';
  import { consoleLog as log } from './src/core/log.ts';
  import { createObjectCallBudget } from './src/sources/call-budget/budget-object.ts';
  export { CallBudgetObject } from './src/sources/call-budget/budget-object.ts';
  export default {
    async fetch(request, env) {
      const { name, calls, followed } = await request.json();
      const budget = createObjectCallBudget({ namespace: env.BUDGETS, name, limits: ${JSON.stringify(LIMITS)}, clock, log });
      for (let n = 0; n < followed; n++) budget.pace('execution-' + n, 1000, ['tenant']);
      const turns = await Promise.all(Array.from({ length: calls }, () => budget.take('id', { class: 'reader', tenant: 'tenant' }, AbortSignal.timeout(300))));
      return Response.json({ turns: turns.filter(({ ok }) => ok).length, pollIntervalMs: budget.pace('execution-0', 1000, ['tenant']) });
    },
  };`;

let miniflare: Miniflare;
let state: string;

async function start() {
  const stdin = { contents: WORKER, resolveDir: PROJECT_ROOT, loader: 'ts' as const };
  const external = ['node:*', 'cloudflare:*'];
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', write: false, external });
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: [{ type: 'ESModule', path: 'worker.js', contents: outputFiles[0]?.text ?? '' }],
      compatibilityDate: '2026-10-01',
      durableObjects: { BUDGETS: { className: 'CallBudgetObject', useSQLite: true } },
      resourcePersistencePath: state,
      host: '127.0.0.1',
      port: 0,
      cf: false,
    }),
  );
  await miniflare.ready;
}

beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'flowtap-budget-'));
  await start();
});
afterAll(async () => {
  await miniflare.dispose();
  await rm(state, { recursive: true, force: true });
});

async function isolate(name: string, calls: number, followed: number) {
  const body = JSON.stringify({ name, calls, followed });
  const response = await miniflare.dispatchFetch('http://worker/', { method: 'POST', body });
  // Safety: the Worker above sends this answer.
  return (await response.json()) as { turns: number; pollIntervalMs: number };
}

test('isolates that share a budget never exceed it together, and do not affect another budget', async () => {
  const beganAtMs = Date.now();
  const turns = await Promise.all([isolate('a', 80, 0), isolate('a', 80, 0), isolate('a', 80, 0)]);
  const sum = turns.reduce((total, isolated) => total + isolated.turns, 0);
  const seconds = (Date.now() - beganAtMs) / 1000;
  // Each isolate might still hold up to 8 calls that it has leased but not used.
  expect(sum).toBeGreaterThanOrEqual(CALLS_AT_ONCE - 3 * 8);
  expect(sum).toBeLessThanOrEqual(CALLS_AT_ONCE + CALLS_PER_SECOND * seconds);
  expect((await isolate('b', 80, 0)).turns).toBe(80);
});

test('leases survive an eviction of the object', async () => {
  await isolate('c', 1, 50);
  await miniflare.dispose();
  await start();
  const { pollIntervalMs } = await isolate('c', 1, 50);
  expect(pollIntervalMs).toBeCloseTo(100_000 / pollsBudget(CALLS_PER_SECOND, false).callsPerSecond, -1);
});
