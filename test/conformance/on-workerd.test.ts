import { afterAll } from 'vitest';
import { startEmulatorServer } from '../../src/emulator/node-server.ts';
import { createLocalKey } from '../../src/local/local-key.ts';
import { startWorkerd } from '../../src/local/workerd.ts';
import { judge } from './judge.ts';

const credentials = { accessKeyId: 'FLOWTAPTEST', secretAccessKey: 'of the tests' };
const adminToken = 'an admin token of the tests, 32 characters';
const emulator = startEmulatorServer({ port: 0, credentials });
const workerd = emulator.then(({ url }) =>
  startWorkerd({
    vars: {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_ENDPOINT_URL_IOTTHINGSGRAPH: url,
      SIGNING_SECRET: 'a signing secret of the tests, 32 characters',
      ADMIN_TOKEN: adminToken,
    },
  }),
);
afterAll(async () => {
  await (await workerd).stop();
  await (await emulator).close();
});

judge('workerd', async () => {
  const { url, store } = await workerd;
  return {
    url: url.href,
    key: await createLocalKey(store),
    adminToken,
    emulatorUrl: (await emulator).url,
  };
});
