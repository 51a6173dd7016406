import { afterAll } from 'vitest';
import { ADMIN_TOKEN, DenoWorld, newKey } from '../deno/deno-process.ts';
import { judge } from './judge.ts';

const world = DenoWorld.create();
afterAll(async () => (await world).end());

judge('Deno', async () => {
  const flowtap = await (await world).start();
  return {
    url: flowtap.url,
    key: await newKey(flowtap.url),
    adminToken: ADMIN_TOKEN,
    emulatorUrl: (await world).emulator.url,
  };
});
