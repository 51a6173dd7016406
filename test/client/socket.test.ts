/** The client over real sockets against the real Worker, while the upstream, the network and workerd fail. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { type FlowtapClient, createFlowtapClient } from '../../src/client/client.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { flow } from '../streams/scripted-flow.ts';
import { SEED, seededRandom } from '../support/seeded-random.ts';
import { collect, idsOf } from './client-under-test.ts';
import { type CuttingProxy, openCuttingProxy } from './cutting-proxy.ts';

const FLOW_MS = 4_000;
const FAULTS = {
  throttleRate: 0.15,
  internalErrorRate: 0.1,
  resetRate: 0.05,
  truncateRate: 0.05,
  lagMs: 1_000,
  lagRate: 0.2,
  shortPageRate: 0.1,
  tokenLifetimeMs: 2_000,
};

let world: World;
let proxy: CuttingProxy;
let apiKey: string;
beforeAll(async () => {
  world = await openWorld();
  apiKey = await world.key();
  const random = seededRandom();
  proxy = await openCuttingProxy(world.url, () => 20 + random() * 1_500);
});
afterAll(async () => {
  await proxy.close();
  await world.close();
});

const client = (url: string | URL): FlowtapClient => createFlowtapClient({ url, apiKey });

test('followers get each message once, in order, even if the network, the upstream and the service fail', async () => {
  await world.faults({ ...FAULTS, seed: SEED });
  const scripts = Array.from({ length: 6 }, (_, index) => {
    const count = index % 3 === 2 ? 400 : 30;
    return flow(count, FLOW_MS / (count - 1), { name: `e${index}-`, terminal: 'EXECUTION_FAILED' });
  });
  const following = [];
  for (const [index, script] of scripts.entries()) {
    const id = `cut/${index}`;
    await world.script(id, script, { afterMs: -60_000 });
    for (let n = 0; n < 3; n++) following.push(collect(client(proxy.url).follow(id)));
    following.push(collect(client(proxy.url).follow(id, { until: 'ended', eventTypes: ['STEP_SUCCEEDED'] })));
  }
  // Restarts workerd after half as many cuts as followers, while the flows still run.
  const kill = vi
    .waitUntil(() => proxy.cuts >= following.length / 2, { timeout: 60_000 })
    .then(() => world.workerd.restart());
  const followed = await Promise.all(following);
  await kill;
  for (const [index, script] of scripts.entries()) {
    const of = followed.slice(index * 4, index * 4 + 4);
    for (const messages of of.slice(0, 3)) expect(idsOf(messages)).toEqual(idsOf(script));
    const filtered = script.filter(({ eventType }) => eventType === 'STEP_SUCCEEDED');
    expect(idsOf(of[3] ?? [])).toEqual(idsOf(filtered));
  }
  // Checks that the faults happened. There were more cuts than followers.
  expect(proxy.cuts).toBeGreaterThan(following.length);
  expect(world.stats().throttled).toBeGreaterThan(3);
});

test('lists and waits get complete results, even if connections are cut', async () => {
  await world.faults({});
  const script = flow(900, 0, { terminal: 'EXECUTION_ABORTED' });
  await world.script('listed', script);
  await world.script('awaited', flow(2, 2_500));
  const [summary, ...lists] = await Promise.all([
    client(proxy.url).wait('awaited'),
    ...Array.from({ length: 4 }, () => collect(client(proxy.url).list('listed', { maxResults: 100 }))),
  ]);
  expect(summary).toMatchObject({ status: 'SUCCEEDED', messageCount: 2 });
  for (const messages of lists) expect(idsOf(messages)).toEqual(idsOf(script));
});
