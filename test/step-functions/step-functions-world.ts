/** The Worker on workerd with all settings that Step Functions has, reading from the emulator or from another server. */
import { startEmulatorServer } from '../../src/emulator/node-server.ts';
import { startWorkerd } from '../../src/local/workerd.ts';
import { ADMIN_TOKEN, World } from '../streams/world.ts';

const CREDENTIALS = { accessKeyId: 'AKIASTEPFUNCTIONS', secretAccessKey: 'the secret of the emulator' };

export async function openStepFunctionsWorld(vars: Readonly<Record<string, string>> = {}): Promise<World> {
  const emulator = await startEmulatorServer({ port: 0, credentials: CREDENTIALS });
  const lines: string[] = [];
  const workerd = await startWorkerd({
    vars: {
      AWS_REGION: 'us-west-2',
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_IOTTHINGSGRAPH: emulator.url,
      AWS_ENDPOINT_URL_SFN: emulator.url,
      AWS_ENDPOINT_URL_STS: emulator.url,
      SFN_ALLOWED: 'us-west-2:123456789012',
      SIGNING_SECRET: 'a signing secret of more than thirty-two characters',
      ADMIN_TOKEN,
      ...vars,
    },
    onLog: (line) => lines.push(line),
  });
  return new World(emulator, workerd, lines);
}
