/**
 * Checks both runtimes concurrently. In one file: the checks mostly wait, and small machines run one file at
 * a time.
 */
import { afterAll } from 'vitest';
import { createLocalKey } from '../../src/local/local-key.ts';
import { startWorkerd } from '../../src/local/workerd.ts';
import { ADMIN_TOKEN, DenoWorld, newKey, settingsFor } from '../deno/deno-process.ts';
import { judge } from './judge.ts';

/** One upstream per runtime, so that call counts and faults do not mix. */
const [onDeno, onWorkerd] = [DenoWorld.create(), DenoWorld.create()];
const lists = (url: string) => ({
  AWS_ENDPOINT_URL_SFN: url,
  SFN_ALLOWED: 'us-west-2:123456789012',
});
const workerd = onWorkerd.then(({ emulator: { url } }) =>
  startWorkerd({ vars: { ...settingsFor(url, ''), ...lists(url) } }),
);
afterAll(async () => {
  await (await workerd).stop();
  await Promise.all([onDeno, onWorkerd].map(async (world) => (await world).end()));
});

judge('Deno', async () => {
  const world = await onDeno;
  const { url } = await world.start(lists(world.emulator.url));
  return { url, key: await newKey(url), adminToken: ADMIN_TOKEN, emulatorUrl: world.emulator.url };
});

judge('workerd', async () => {
  const [{ url, store }, { emulator }] = [await workerd, await onWorkerd];
  const key = await createLocalKey(store);
  return { url: url.href, key, adminToken: ADMIN_TOKEN, emulatorUrl: emulator.url };
});
