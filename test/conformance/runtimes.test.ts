/**
 * Checks both runtimes concurrently. Both are in one file because small machines run one file at a time, and
 * the checks mostly wait.
 */
import { afterAll } from 'vitest';
import { emulatorVars } from '../../src/local/start-options.ts';
import { DenoWorld, newKey } from '../deno/deno-process.ts';
import { openWorld } from '../support/on-workerd.ts';
import { ADMIN_TOKEN } from '../support/secret-patterns.ts';
import { judge } from './judge.ts';

/** Each runtime has its own upstream, so that call counts and faults do not mix. */
const [onDeno, onWorkerd] = [DenoWorld.create(), openWorld()];
afterAll(async () => {
  await (await onWorkerd).close();
  await (await onDeno).end();
});

judge('Deno', async () => {
  const world = await onDeno;
  const { url } = await world.start(emulatorVars(world.emulator.url));
  return { url, key: await newKey(url), adminToken: ADMIN_TOKEN, emulatorUrl: world.emulator.url };
});

judge('workerd', async () => {
  const world = await onWorkerd;
  const emulatorUrl = world.upstream.url;
  return { url: world.url.href, key: await world.key(), adminToken: ADMIN_TOKEN, emulatorUrl };
});
