/** What the benchmarks run on: the Worker in workerd on this machine, the emulator as its upstream, and keys. */
import { startEmulatorServer } from '../src/emulator/node-server.ts';
import { createLocalKey } from '../src/local/local-key.ts';
import { startWorkerd } from '../src/local/workerd.ts';

export interface ScriptedMessage {
  readonly messageId: string;
  readonly eventType: string;
  readonly payload: string;
  /** When it appears upstream, from now; its timestamp says the same. */
  readonly afterMs: number;
}

export interface LocalService {
  messagesUrl(id: string, query?: string): URL;
  key(): Promise<string>;
  script(id: string, messages: readonly ScriptedMessage[]): Promise<void>;
  close(): Promise<void>;
}

const CREDENTIALS = { accessKeyId: 'AKIABENCHMARK', secretAccessKey: 'the secret of the emulator' };

export async function openLocalService(): Promise<LocalService> {
  const emulator = await startEmulatorServer({ port: 0, credentials: CREDENTIALS });
  const workerd = await startWorkerd({
    vars: {
      AWS_REGION: 'us-west-2',
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_IOTTHINGSGRAPH: emulator.url,
      SIGNING_SECRET: 'a signing secret of more than thirty-two characters',
    },
  });
  return {
    messagesUrl: (id, query = '') =>
      new URL(`/v1/executions/${encodeURIComponent(id)}/messages${query}`, workerd.url),
    key: () => createLocalKey(workerd.store),
    async script(flowExecutionId, messages) {
      const body = JSON.stringify({ flowExecutionId, messages, afterMs: -60_000 });
      const response = await fetch(`${emulator.url}/_emulator/executions`, { method: 'POST', body });
      if (!response.ok) throw new Error(await response.text());
    },
    async close() {
      await workerd.stop();
      await emulator.close();
    },
  };
}
